/** `ListOptions` of lists, watches and deletecollection. */
import type { FieldError } from '../../../shared/model/field-error.ts'
import { parseFieldSelector } from '../../../shared/model/field-selector.ts'
import { parseLabelSelector } from '../../../shared/model/selectors.ts'
import { badRequest, invalid } from '../status.ts'
import { forbidden, notSupported } from '../../../shared/model/field-error.ts'
import { boolParameter, intParameter, textParameter } from './parameters.ts'

export interface ListOptions {
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  /** Unset or empty: the newest, proven fresh. `'0'`: whatever is at hand. */
  readonly resourceVersion?: string | undefined
  readonly resourceVersionMatch?: string | undefined
  readonly limit?: number | undefined
  readonly continue?: string | undefined
  readonly timeoutSeconds?: number | undefined
  readonly allowWatchBookmarks?: boolean | undefined
  readonly sendInitialEvents?: boolean | undefined
}

export const wantsWatch = (query: URLSearchParams): boolean => boolParameter(query, 'watch') === true

/** Throws a 400 for parameters that cannot be read, a 422 for those that contradict each other. */
export function parseListOptions(query: URLSearchParams, watch: boolean): ListOptions {
  const options: ListOptions = {
    labelSelector: textParameter(query, 'labelSelector'),
    fieldSelector: textParameter(query, 'fieldSelector'),
    resourceVersion: textParameter(query, 'resourceVersion'),
    resourceVersionMatch: textParameter(query, 'resourceVersionMatch'),
    timeoutSeconds: intParameter(query, 'timeoutSeconds'),
    limit: intParameter(query, 'limit'),
    continue: textParameter(query, 'continue'),
    allowWatchBookmarks: boolParameter(query, 'allowWatchBookmarks'),
    sendInitialEvents: boolParameter(query, 'sendInitialEvents'),
  }
  const errors = watch ? watchErrors(options) : listErrors(options)
  if (errors.length === 0) return options
  checkSelectors(options)
  throw invalid({ group: 'meta.k8s.io', name: 'ListOptions' }, '', errors)
}

/** Selectors that cannot be read are told of before what contradicts itself. Throws a 400. */
function checkSelectors({ labelSelector = '', fieldSelector = '' }: ListOptions): void {
  for (const parsed of [parseLabelSelector(labelSelector), parseFieldSelector(fieldSelector)]) if (parsed.kind === 'refused') throw badRequest(parsed.message)
}

const MATCH = 'resourceVersionMatch'

function listErrors(options: ListOptions): readonly FieldError[] {
  const errors: FieldError[] = []
  const match = options.resourceVersionMatch ?? ''
  if (match !== '') {
    if (!options.resourceVersion) errors.push(forbidden(MATCH, `${MATCH} is forbidden unless resourceVersion is provided`))
    if (options.continue) errors.push(forbidden(MATCH, `${MATCH} is forbidden when continue is provided`))
    if (match !== 'Exact' && match !== 'NotOlderThan') errors.push(notSupported(MATCH, match, ['Exact', 'NotOlderThan', '']))
    if (match === 'Exact' && options.resourceVersion === '0') errors.push(forbidden(MATCH, `${MATCH} "exact" is forbidden for resourceVersion "0"`))
  }
  if (options.sendInitialEvents !== undefined) errors.push(forbidden('sendInitialEvents', 'sendInitialEvents is forbidden for list'))
  return errors
}

function watchErrors(options: ListOptions): readonly FieldError[] {
  const errors: FieldError[] = []
  const match = options.resourceVersionMatch ?? ''
  if (options.sendInitialEvents !== undefined && match !== 'NotOlderThan') errors.push(forbidden(MATCH, `sendInitialEvents requires setting ${MATCH} to NotOlderThan`))
  if (match === '') return errors
  if (options.sendInitialEvents === undefined) errors.push(forbidden(MATCH, `${MATCH} is forbidden for watch unless sendInitialEvents is provided`))
  if (match !== 'NotOlderThan') errors.push(notSupported(MATCH, match, ['NotOlderThan']))
  if (options.continue) errors.push(forbidden(MATCH, `${MATCH} is forbidden when continue is provided`))
  return errors
}
