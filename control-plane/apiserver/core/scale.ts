/** The `scale` subresource: replicas of any kind, by the paths the registry names. PURE. */
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import type { LabelSelector } from '../../../shared/model/gen/api.ts'
import { formatLabelSelector } from '../../../shared/model/selectors.ts'
import type { Subresource } from '../../registry/kind.ts'
import { metadataOf, withMeta } from './stored.ts'

export type ScalePaths = Extract<Subresource['behaviour'], { readonly kind: 'scale' }>

export const scaleKind = { group: 'autoscaling', version: 'v1', kind: 'Scale', schema: 'io.k8s.api.autoscaling.v1.Scale' } as const

export const pathParts = (path: string): readonly string[] => path.replace(/^\./, '').split('.')

function valueAt(object: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = object
  for (const part of pathParts(path)) value = isJsonObject(value) ? value[part] : undefined
  return value
}

function withValueAt(object: JsonObject, [head = '', ...rest]: readonly string[], value: Json): JsonObject {
  if (rest.length === 0) return { ...object, [head]: value }
  const inner = object[head]
  return { ...object, [head]: withValueAt(isJsonObject(inner) ? inner : {}, rest, value) }
}

/** Whether the object says how many it wants. */
export const hasReplicas = (object: JsonObject, { specPath }: ScalePaths): boolean => valueAt(object, specPath) !== undefined

/** The Scale of an object. */
export function scaleOf(object: JsonObject, paths: ScalePaths): JsonObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = metadataOf(object)
  const replicas = numberAt(object, paths.specPath)
  const selector = valueAt(object, paths.selectorPath)
  const text = typeof selector === 'string' ? selector : isJsonObject(selector) ? selectorText(selector) : ''
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name: name ?? '', namespace: namespace ?? '', uid: uid ?? '', ...(resourceVersion !== undefined && { resourceVersion }), creationTimestamp: creationTimestamp ?? null },
    spec: replicas === 0 ? {} : { replicas },
    status: { replicas: numberAt(object, paths.statusPath), ...(text !== '' && { selector: text }) },
  }
}

function selectorText(selector: JsonObject): string {
  const isObjectForm = 'matchLabels' in selector || 'matchExpressions' in selector
  const text = formatLabelSelector((isObjectForm ? selector : { matchLabels: selector }) as LabelSelector)
  return text === '<none>' ? '' : text
}

function numberAt(object: JsonObject, path: string): number {
  const value = valueAt(object, path)
  return typeof value === 'number' ? value : 0
}

/** The object with the replicas, and the resourceVersion if one is given, of a Scale. */
export function withScale(object: JsonObject, scale: JsonObject, paths: ScalePaths): JsonObject {
  const { resourceVersion } = metadataOf(scale)
  const scaled = withValueAt(object, pathParts(paths.specPath), numberAt(scale, '.spec.replicas'))
  return typeof resourceVersion === 'string' && resourceVersion !== '' ? withMeta(scaled, { resourceVersion }) : scaled
}
