/** What the clients write and read: config maps of one namespace whose names begin alike, each with one value. */
import type { ConfigMap } from '../../shared/model/gen/api.ts'
import type { Change, Item, Revision } from './history.ts'

const MINE = 'h-'

export interface Subject {
  /** Of every key. */
  readonly prefix: string
  readonly names: readonly string[]
  keyOf(name: string): string
  /** Of one object, or of all. */
  pathOf(name?: string): string
  bodyOf(name: string, value: string, expects?: Revision): ConfigMap
  /** As an answer shows it; `undefined` for what others keep in the namespace. */
  itemOf(object: ConfigMap): Item | undefined
  /** A change of the storage; `undefined` for what is none of ours. */
  changeOf(change: { readonly key: string; readonly revision: Revision; readonly value: string | undefined }): Change | undefined
}

export function configMapsIn(namespace: string, count: number): Subject {
  const prefix = `/gantry/core/configmaps/${namespace}/${MINE}`
  const valueOf = (object: ConfigMap): string => object.data?.['v'] ?? ''
  return {
    prefix,
    names: Array.from({ length: count }, (_, index) => `${MINE}${index}`),
    keyOf: (name) => `/gantry/core/configmaps/${namespace}/${name}`,
    pathOf: (name) => `/api/v1/namespaces/${namespace}/configmaps${name === undefined ? '' : `/${name}`}`,
    bodyOf: (name, value, expects) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, ...(expects !== undefined && { resourceVersion: String(expects) }) }, data: { v: value } }),
    itemOf(object) {
      const { name = '', resourceVersion } = object.metadata
      return name.startsWith(MINE) ? { key: `/gantry/core/configmaps/${namespace}/${name}`, revision: Number(resourceVersion), value: valueOf(object) } : undefined
    },
    changeOf: ({ key, revision, value }) => (key.startsWith(prefix) ? { key, revision, value: value === undefined ? undefined : valueOf(JSON.parse(value) as ConfigMap) } : undefined),
  }
}
