/** Messages of what no published schema describes, or not as it is written: the metadata of objects alone, and discovery. */
import { field, type FieldNumber, type Message, messageOf, type Shape } from './message.ts'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const DISCOVERY = 'io.k8s.api.apidiscovery.v2.'

const text: Shape = { kind: 'scalar', scalar: 'string' }
const flag: Shape = { kind: 'scalar', scalar: 'boolean' }
const texts: Shape = { kind: 'list', items: text }
const one = (schema: string): Shape => ({ kind: 'message', schema })
const many = (schema: string): Shape => ({ kind: 'list', items: one(schema) })

/** Of the fields 1, 2, 3 and so on. */
const inOrder = (fields: Readonly<Record<string, Shape>>): ReadonlyArray<readonly [number, FieldNumber]> => Object.entries(fields).map(([name, shape], index) => [index + 1, field(name, shape)])
const pointer = (name: string, shape: Shape): FieldNumber => ({ kind: 'field', name, shape, isPointer: true })

const fieldsOf: Readonly<Record<string, ReadonlyArray<readonly [number, FieldNumber]>>> = {
  [`${META}PartialObjectMetadata`]: inOrder({ metadata: one(`${META}ObjectMeta`) }),
  [`${META}APIVersions`]: inOrder({ versions: texts, serverAddressByClientCIDRs: many(`${META}ServerAddressByClientCIDR`) }),
  [`${META}APIGroupList`]: inOrder({ groups: many(`${META}APIGroup`) }),
  [`${META}APIGroup`]: inOrder({ name: text, versions: many(`${META}GroupVersionForDiscovery`), preferredVersion: one(`${META}GroupVersionForDiscovery`), serverAddressByClientCIDRs: many(`${META}ServerAddressByClientCIDR`) }),
  [`${META}GroupVersionForDiscovery`]: inOrder({ groupVersion: text, version: text }),
  [`${META}ServerAddressByClientCIDR`]: inOrder({ clientCIDR: text, serverAddress: text }),
  [`${META}APIResourceList`]: inOrder({ groupVersion: text, resources: many(`${META}APIResource`) }),
  // Its verbs stand in a message of their own, which its schema does not say.
  [`${META}APIResource`]: [
    [1, field('name', text)],
    [6, field('singularName', text)],
    [2, field('namespaced', flag)],
    [8, field('group', text)],
    [9, field('version', text)],
    [3, field('kind', text)],
    [4, pointer('verbs', { kind: 'items', items: texts })],
    [5, field('shortNames', texts)],
    [7, field('categories', texts)],
    [10, field('storageVersionHash', text)],
  ],
  [`${DISCOVERY}APIGroupDiscoveryList`]: inOrder({ metadata: one(`${META}ListMeta`), items: many(`${DISCOVERY}APIGroupDiscovery`) }),
  [`${DISCOVERY}APIGroupDiscovery`]: inOrder({ metadata: one(`${META}ObjectMeta`), versions: many(`${DISCOVERY}APIVersionDiscovery`) }),
  [`${DISCOVERY}APIVersionDiscovery`]: inOrder({ version: text, resources: many(`${DISCOVERY}APIResourceDiscovery`), freshness: text }),
  [`${DISCOVERY}APIResourceDiscovery`]: [
    [1, field('resource', text)],
    [2, pointer('responseKind', one(`${META}GroupVersionKind`))],
    [3, field('scope', text)],
    [4, field('singularResource', text)],
    [5, field('verbs', texts)],
    [6, field('shortNames', texts)],
    [7, field('categories', texts)],
    [8, field('subresources', many(`${DISCOVERY}APISubresourceDiscovery`))],
  ],
  [`${DISCOVERY}APISubresourceDiscovery`]: [
    [1, field('subresource', text)],
    [2, pointer('responseKind', one(`${META}GroupVersionKind`))],
    [3, field('acceptedTypes', many(`${META}GroupVersionKind`))],
    [4, field('verbs', texts)],
  ],
  [`${META}GroupVersionKind`]: inOrder({ group: text, version: text, kind: text }),
}

export const unpublishedMessages: ReadonlyMap<string, Message> = new Map(Object.entries(fieldsOf).map(([name, fields]) => [name, messageOf(name.slice(name.lastIndexOf('.') + 1), fields)]))

/** By the start of their version: what the schemas do not name. */
const rooms: ReadonlyArray<readonly [version: RegExp, room: string]> = [
  [/^(?:v1)?$/, META],
  [/^meta\.k8s\.io\//, META],
  [/^apidiscovery\.k8s\.io\//, DISCOVERY],
]

/** The name of such a message by what an object says of itself. */
export function unpublishedKind(apiVersion: string, kind: string): string | undefined {
  const name = `${rooms.find(([version]) => version.test(apiVersion))?.[1] ?? ''}${kind}`
  return unpublishedMessages.has(name) ? name : undefined
}
