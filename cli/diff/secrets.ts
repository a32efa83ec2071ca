/** What secrets hold stays off the screen: only whether it differs is shown. */
import type { ApiObject } from '../cluster/cluster.ts'

type Values = Readonly<Record<string, string>>

const valuesOf = (object: ApiObject | undefined): Values => (object?.['data'] as Values | undefined) ?? {}

/** Both, with each secret value masked, in words that differ when the values do. */
export function maskedPair(before: ApiObject | undefined, after: ApiObject): readonly [ApiObject | undefined, ApiObject] {
  if (after.kind !== 'Secret' || after.apiVersion !== 'v1') return [before, after]
  const [old, fresh] = [valuesOf(before), valuesOf(after)]
  const mask = (values: Values, others: Values, which: string): Values => Object.fromEntries(Object.entries(values).map(([key, value]) => [key, others[key] === undefined || others[key] === value ? '***' : `*** (${which})`]))
  return [before && withData(before, mask(old, fresh, 'before')), withData(after, mask(fresh, old, 'after'))]
}

/** The last applied configuration holds the values once more. */
function withData(object: ApiObject, data: Values): ApiObject {
  const { 'kubectl.kubernetes.io/last-applied-configuration': applied, ...annotations } = object.metadata?.annotations ?? {}
  const masked = applied === undefined ? annotations : { ...annotations, 'kubectl.kubernetes.io/last-applied-configuration': '***' }
  return { ...object, ...(object['data'] === undefined ? {} : { data }), metadata: { ...object.metadata, ...(object.metadata?.annotations && { annotations: masked }) } }
}
