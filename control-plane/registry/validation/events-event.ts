import { type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import type { Event, EventsV1Event, ObjectReference } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { toCoreEvent } from '../events-conversion.ts'
import { validateNewEvent } from './event.ts'

const UNSET = 'needs to be unset'

/** Events of the newer group say when, by whom and what; the old fields are not theirs. Errors name the fields of the stored shape. */
export function validateNewEventsEvent(event: EventsV1Event): readonly FieldError[] {
  const core = toCoreEvent(event)
  const errors: FieldError[] = [...renamedReport(validateNewEvent(core)), ...validateSeries(core)]
  if (!core.eventTime) errors.push(required('eventTime'))
  if (core.type !== 'Normal' && core.type !== 'Warning') errors.push(invalid('type', '', `has invalid value: ${core.type ?? ''}`))
  if (core.firstTimestamp) errors.push(invalid('firstTimestamp', '', UNSET))
  if (core.lastTimestamp) errors.push(invalid('lastTimestamp', '', UNSET))
  if (core.count) errors.push(invalid('count', '', UNSET))
  if (core.source?.component || core.source?.host) errors.push(invalid('source', '', UNSET))
  return errors
}

const renamedReport = (errors: readonly FieldError[]): readonly FieldError[] => errors.map((error) => (error.field === 'reportingComponent' ? { ...error, field: 'reportingController' } : error))

function validateSeries({ series }: Event): readonly FieldError[] {
  if (!series) return []
  const few = (series.count ?? 0) < 2 ? [invalid('series.count', '', 'should be at least 2')] : []
  return series.lastObservedTime ? few : [...few, required('series.lastObservedTime')]
}

/** Only series, labels and annotations change; Kubernetes looks at the reason twice. */
const immutable = ['involvedObject', 'reason', 'message', 'source', 'firstTimestamp', 'lastTimestamp', 'count', 'reason', 'type', 'eventTime', 'action', 'related', 'reportingComponent', 'reportingInstance'] as const

export function validateEventsEventChange(event: EventsV1Event, old: EventsV1Event): readonly FieldError[] {
  const core = toCoreEvent(event)
  const before = toCoreEvent(old)
  const changed = immutable.filter((name) => !deepEqual(core[name], before[name]))
  const series = deepEqual(core.series, before.series) ? [] : validateSeries(core)
  return [...renamedReport(validateNewEvent(core)), ...series, ...renamedReport(changed.map((name) => invalid(name, shown(core, name), 'field is immutable')))]
}

/** What is empty text where it is not said; the others are nothing then. */
const texts: ReadonlySet<string> = new Set(['reason', 'message', 'type', 'action', 'reportingComponent', 'reportingInstance'])

function shown(event: Event, name: (typeof immutable)[number]): unknown {
  const value = event[name]
  if (name === 'involvedObject' || (name === 'related' && value)) return printedReference((value ?? {}) as ObjectReference)
  if (name === 'source') return { Component: event.source?.component ?? '', Host: event.source?.host ?? '' }
  return value ?? (name === 'count' ? 0 : texts.has(name) ? '' : null)
}

/** Internal types print their fields in capitals. */
const printedReference = (to: ObjectReference): unknown => ({
  Kind: to.kind ?? '',
  Namespace: to.namespace ?? '',
  Name: to.name ?? '',
  UID: to.uid ?? '',
  APIVersion: to.apiVersion ?? '',
  ResourceVersion: to.resourceVersion ?? '',
  FieldPath: to.fieldPath ?? '',
})
