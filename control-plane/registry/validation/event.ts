import { type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import type { Event } from '../../../shared/model/gen/api.ts'
import { byteLength } from '../../../shared/model/go-text.ts'
import { qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { objections } from './check.ts'

const TEXT_MAX = 128
const MESSAGE_MAX = 1024

/** Events of the core group; one with an `eventTime` comes from a newer reporter, which has to say more. */
export function validateNewEvent(event: Event): readonly FieldError[] {
  const namespace = event.metadata.namespace ?? ''
  const about = event.involvedObject.namespace ?? ''
  const mismatch = invalid('involvedObject.namespace', about, 'does not match event.namespace')
  if (event.eventTime === undefined || event.eventTime === null) {
    const agrees = about === '' ? namespace === '' || namespace === 'default' : about === namespace
    return agrees ? [] : [mismatch]
  }
  const clusterWide = about !== '' || namespace === 'default' || namespace === 'kube-system'
  return [...(clusterWide ? [] : [mismatch]), ...validateReport(event)]
}

function validateReport({ reportingComponent = '', reportingInstance, action, reason, message = '' }: Event): readonly FieldError[] {
  const component = 'reportingComponent'
  return [
    ...(reportingComponent === '' ? [required(component)] : []),
    ...objections(component, reportingComponent, qualifiedNameProblems(reportingComponent)),
    ...shortText('reportingInstance', reportingInstance),
    ...shortText('action', action),
    ...shortText('reason', reason),
    ...(byteLength(message) > MESSAGE_MAX ? [invalid('message', '', `can have at most ${MESSAGE_MAX} characters`)] : []),
  ]
}

function shortText(field: string, text = ''): readonly FieldError[] {
  if (text === '') return [required(field)]
  return byteLength(text) > TEXT_MAX ? [invalid(field, '', `can have at most ${TEXT_MAX} characters`)] : []
}

export const validateEventChange = (event: Event): readonly FieldError[] => validateNewEvent(event)
