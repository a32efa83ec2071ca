import type { ObjectMeta, OwnerReference } from './gen/api.ts'

/** What every stored object has. `kind` and `apiVersion` are present on whatever the API server hands out. */
export interface KubeObject {
  readonly apiVersion?: string | undefined
  readonly kind?: string | undefined
  readonly metadata: ObjectMeta
}

export const nameOf = (object: KubeObject): string => object.metadata.name ?? ''
export const namespaceOf = (object: KubeObject): string => object.metadata.namespace ?? ''
export const uidOf = (object: KubeObject): string => object.metadata.uid ?? ''

/** `namespace/name`, or `name` alone for a cluster-scoped object: the key of informers and work queues. */
export const keyOf = (object: KubeObject): string => objectKey(namespaceOf(object), nameOf(object))
export const objectKey = (namespace: string, name: string): string => (namespace === '' ? name : `${namespace}/${name}`)

/** The opposite of {@link objectKey}. */
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const at = key.indexOf('/')
  return at < 0 ? { namespace: '', name: key } : { namespace: key.slice(0, at), name: key.slice(at + 1) }
}

/** The one owner that manages the object (`controller: true`), if it has one. */
export const controllerOf = (object: KubeObject): OwnerReference | undefined => object.metadata.ownerReferences?.find((owner) => owner.controller === true)

export const isTerminating = (object: KubeObject): boolean => object.metadata.deletionTimestamp !== undefined
