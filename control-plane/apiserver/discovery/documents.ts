/** The documents of discovery, in both shapes: one per group version (legacy), and all in one (aggregated). */
import { createHash } from 'node:crypto'
import type { DiscoveredGroup, DiscoveredKind, DiscoveredVersion } from './groups.ts'

type Document = Readonly<Record<string, unknown>>

/** `/api` @param serverAddress where this server answers, `host:port`. */
export const coreVersions = (groups: readonly DiscoveredGroup[], serverAddress: string): Document => ({
  kind: 'APIVersions',
  versions: groups.filter((group) => group.name === '').flatMap((group) => group.versions.map((one) => one.version)),
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
})

const versionReference = ({ groupVersion, version }: DiscoveredVersion): Document => ({ groupVersion, version })

const groupBody = (group: DiscoveredGroup): Document => ({
  name: group.name,
  versions: group.versions.map(versionReference),
  ...(group.versions[0] && { preferredVersion: versionReference(group.versions[0]) }),
})

/** `/apis` */
export const groupList = (groups: readonly DiscoveredGroup[]): Document => ({ kind: 'APIGroupList', apiVersion: 'v1', groups: groups.filter((group) => group.name !== '').map(groupBody) })

/** `/apis/GROUP` */
export const groupDocument = (group: DiscoveredGroup): Document => ({ kind: 'APIGroup', apiVersion: 'v1', ...groupBody(group) })

/** `/api/v1`, `/apis/GROUP/VERSION`; the core group's list says no apiVersion of its own. */
export const resourceList = (version: DiscoveredVersion): Document => ({
  kind: 'APIResourceList',
  ...(version.group === '' ? {} : { apiVersion: 'v1' }),
  groupVersion: version.groupVersion,
  resources: version.kinds.flatMap((kind) => [resourceEntry(kind), ...sortedSubresources(kind).map((subresource) => subresourceEntry(kind, subresource))]),
})

/** Custom resources are told in an order of their own. */
const verbsOf = (kind: DiscoveredKind, verbs: readonly string[]): readonly string[] => (kind.custom ? verbs : verbs.toSorted())
const sortedSubresources = (kind: DiscoveredKind): DiscoveredKind['subresources'] => (kind.custom ? kind.subresources : kind.subresources.toSorted((a, b) => (a.name < b.name ? -1 : 1)))

const listIfAny = (key: string, values: readonly string[]): Document => (values.length === 0 ? {} : { [key]: values })

function resourceEntry(kind: DiscoveredKind): Document {
  return {
    name: kind.plural,
    singularName: kind.singular,
    namespaced: kind.namespaced,
    kind: kind.kind,
    verbs: verbsOf(kind, kind.verbs),
    ...listIfAny('shortNames', kind.shortNames),
    ...listIfAny('categories', kind.categories),
    // Only what is stored has a version of storage.
    ...(kind.verbs.includes('watch') ? { storageVersionHash: storageVersionHash(kind) } : {}),
  }
}

const subresourceEntry = (kind: DiscoveredKind, subresource: DiscoveredKind['subresources'][number]): Document => ({
  name: `${kind.plural}/${subresource.name}`,
  singularName: '',
  namespaced: kind.namespaced,
  ...(subresource.group ? { group: subresource.group } : {}),
  ...(subresource.version ? { version: subresource.version } : {}),
  kind: subresource.kind ?? kind.kind,
  verbs: subresource.verbs.toSorted(),
})

/** Kinds that are stored as another version or in another group; what is new in 1.36 as the server before it can read it. */
const STORED_AS: Readonly<Record<string, string>> = {
  'events.k8s.io/v1/Event': '/v1/Event',
  'autoscaling/v1/HorizontalPodAutoscaler': 'autoscaling/v2/HorizontalPodAutoscaler',
  'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy': 'admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy',
  'admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding': 'admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicyBinding',
}

function storageVersionHash(kind: DiscoveredKind): string {
  const own = `${kind.group}/${kind.version}/${kind.kind}`
  return createHash('sha256')
    .update(STORED_AS[own] ?? own)
    .digest()
    .subarray(0, 8)
    .toString('base64')
}

/** `/api` or `/apis` as an APIGroupDiscoveryList. @param groups either the core group or all others. */
export const aggregatedList = (groups: readonly DiscoveredGroup[]): Document => ({
  kind: 'APIGroupDiscoveryList',
  apiVersion: 'apidiscovery.k8s.io/v2',
  metadata: {},
  items: groups.map((group) => ({
    metadata: group.name === '' ? {} : { name: group.name },
    versions: group.versions.map((one) => ({ version: one.version, resources: one.kinds.map(aggregatedResource), freshness: 'Current' })),
  })),
})

/** Group and version stand only where they differ from the list's own. */
const responseKind = (kind: string, of: { readonly group?: string; readonly version?: string } = {}): Document => ({ group: of.group ?? '', version: of.version ?? '', kind })

function aggregatedResource(kind: DiscoveredKind): Document {
  const subresources = sortedSubresources(kind).map((subresource) => ({
    subresource: subresource.name,
    responseKind: responseKind(subresource.kind ?? kind.kind, subresource),
    verbs: subresource.verbs.toSorted(),
  }))
  return {
    resource: kind.plural,
    responseKind: responseKind(kind.kind),
    scope: kind.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: verbsOf(kind, kind.verbs),
    ...listIfAny('shortNames', kind.shortNames),
    ...listIfAny('categories', kind.categories),
    ...(subresources.length > 0 ? { subresources } : {}),
  }
}
