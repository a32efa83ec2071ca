/** For tests: every kind of Kubernetes as its recorded discovery tells it, so that documents can be compared whole before all kinds are registered. */
import { recordedCases } from '../../../test/conformance/recordings.ts'
import { schemaOfKind } from '../../../shared/model/schemas/schema.ts'
import type { DiscoveredKind } from './groups.ts'

interface RecordedResource {
  readonly name: string
  readonly singularName: string
  readonly namespaced: boolean
  readonly kind: string
  readonly group?: string
  readonly version?: string
  readonly verbs: readonly string[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

interface AggregatedResource {
  readonly resource: string
  readonly responseKind: { readonly kind: string }
  readonly scope: string
  readonly singularResource: string
  readonly verbs: readonly string[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly subresources?: ReadonlyArray<{ readonly subresource: string; readonly responseKind: { readonly group: string; readonly version: string; readonly kind: string }; readonly verbs: readonly string[] }>
}

interface AggregatedGroup {
  readonly metadata: { readonly name?: string }
  readonly versions: ReadonlyArray<{ readonly version: string; readonly resources: readonly AggregatedResource[] }>
}

const base = { shortNames: [], categories: [], subresources: [], version: 'v1' } as const
const special = { kind: 'special' } as const

/** What was recorded without its resources. */
const UNRECORDED: readonly DiscoveredKind[] = [
  review('authentication.k8s.io', 'SelfSubjectReview', 'selfsubjectreviews'),
  review('authentication.k8s.io', 'TokenReview', 'tokenreviews'),
  review('authorization.k8s.io', 'SubjectAccessReview', 'subjectaccessreviews'),
  stored('flowcontrol.apiserver.k8s.io', 'FlowSchema', 'flowschemas'),
  stored('flowcontrol.apiserver.k8s.io', 'PriorityLevelConfiguration', 'prioritylevelconfigurations'),
]

function review(group: string, kind: string, plural: string): DiscoveredKind {
  return { ...base, group, kind, plural, singular: kind.toLowerCase(), namespaced: false, schema: schemaOfKind(`${group}/v1`, kind) ?? '', verbs: ['create'] }
}

function stored(group: string, kind: string, plural: string): DiscoveredKind {
  const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']
  const status = { name: 'status', verbs: ['get', 'patch', 'update'], behaviour: { kind: 'status' } } as const
  return { ...base, group, kind, plural, singular: kind.toLowerCase(), namespaced: false, schema: schemaOfKind(`${group}/v1`, kind) ?? '', verbs, subresources: [status] }
}

function fromList(groupVersion: string, resources: readonly RecordedResource[]): readonly DiscoveredKind[] {
  const at = groupVersion.indexOf('/')
  const [group, version] = at < 0 ? ['', groupVersion] : [groupVersion.slice(0, at), groupVersion.slice(at + 1)]
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map((one) => ({
      ...base,
      group,
      version,
      kind: one.kind,
      plural: one.name,
      singular: one.singularName,
      namespaced: one.namespaced,
      verbs: one.verbs,
      shortNames: one.shortNames ?? [],
      categories: one.categories ?? [],
      schema: schemaOfKind(groupVersion, one.kind) ?? '',
      subresources: resources
        .filter(({ name }) => name.startsWith(`${one.name}/`))
        .map((sub) => ({ name: sub.name.slice(one.name.length + 1), verbs: sub.verbs, kind: sub.kind, ...(sub.group === undefined ? {} : { group: sub.group }), ...(sub.version === undefined ? {} : { version: sub.version }), behaviour: special })),
    }))
}

function fromAggregated({ metadata, versions }: AggregatedGroup): readonly DiscoveredKind[] {
  const group = metadata.name ?? ''
  return versions.flatMap(({ version, resources }) =>
    resources.map((one) => ({
      ...base,
      group,
      version,
      kind: one.responseKind.kind,
      plural: one.resource,
      singular: one.singularResource,
      namespaced: one.scope === 'Namespaced',
      verbs: one.verbs,
      shortNames: one.shortNames ?? [],
      categories: one.categories ?? [],
      schema: schemaOfKind(group === '' ? version : `${group}/${version}`, one.responseKind.kind) ?? '',
      subresources: (one.subresources ?? []).map(({ subresource, responseKind, verbs }) => ({ name: subresource, verbs, kind: responseKind.kind, ...(responseKind.version === '' ? {} : { group: responseKind.group, version: responseKind.version }), behaviour: special })),
    })),
  )
}

export function recordedKinds(): readonly DiscoveredKind[] {
  const found = new Map<string, DiscoveredKind>(UNRECORDED.map((kind) => [`${kind.group}/${kind.version}/${kind.plural}`, kind]))
  const add = (kinds: readonly DiscoveredKind[]): void => kinds.forEach((kind) => found.set(`${kind.group}/${kind.version}/${kind.plural}`, kind))
  for (const one of recordedCases('discovery')) {
    for (const { answer } of one.steps) {
      const body = answer?.body as unknown as Readonly<Record<string, unknown>> | undefined
      if (body?.['kind'] === 'APIResourceList' && Array.isArray(body['resources'])) add(fromList(String(body['groupVersion']), body['resources'] as readonly RecordedResource[]))
      if (one.case.startsWith('discovery-aggregated-') && body) for (const [key, value] of Object.entries(body)) if (/^items\.\d+$/.test(key)) add(fromAggregated(value as AggregatedGroup))
    }
  }
  return [...found.values()]
}
