/** Finds the resource that a word means: `po`, `pods`, `Pod`, `deployments.apps`, `deploy.v1.apps`. */
import { Problem } from '../program/problem.ts'
import type { Cluster } from './cluster.ts'
import type { ApiResource } from './discovery-cache.ts'

interface Wanted {
  readonly name: string
  readonly group: string | undefined
  readonly version: string | undefined
}

/** `NAME`, `NAME.GROUP` or `NAME.VERSION.GROUP`. */
function readings(word: string): readonly Wanted[] {
  const [name = '', ...rest] = word.toLowerCase().split('.')
  if (rest.length === 0) return [{ name, group: undefined, version: undefined }]
  const [version = '', ...group] = rest
  return [{ name, group: rest.join('.'), version: undefined }, ...(/^v\d/.test(version) ? [{ name, version, group: group.join('.') }] : [])]
}

/** The resource, or `undefined`. Full names come before short ones. */
export function findResource(resources: readonly ApiResource[], word: string): ApiResource | undefined {
  for (const { name, group, version } of readings(word)) {
    const candidates = resources.filter((one) => (group === undefined || one.group === group || one.group.startsWith(`${group}.`)) && (version === undefined || one.version === version))
    const found = candidates.find((one) => one.plural === name || one.singular === name || one.kind.toLowerCase() === name) ?? candidates.find((one) => one.shortNames.includes(name))
    if (found) return found
  }
  return undefined
}

/** Resources of a category (`all`), each once, in the version the server prefers. */
export function resourcesOfCategory(resources: readonly ApiResource[], category: string): readonly ApiResource[] {
  const seen = new Set<string>()
  return resources.filter((one) => {
    const key = `${one.plural}.${one.group}`
    if (!one.categories.includes(category) || seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** The resources that a word means. @throws Problem naming what is near */
export async function resourcesFor(cluster: Cluster, word: string): Promise<readonly ApiResource[]> {
  for (const fresh of [false, true]) {
    const { resources } = await cluster.discovery.all(fresh)
    const found = findResource(resources, word)
    if (found) return [found]
    const category = resourcesOfCategory(resources, word)
    if (category.length > 0) return category
  }
  const { resources } = await cluster.discovery.all()
  const { suggest } = await import('../../shared/model/suggest.ts')
  const near = suggest(word, resources.flatMap((one) => [one.plural, one.singular, ...one.shortNames]))
  throw new Problem(`the server doesn't have a resource type "${word}"${near === undefined ? '' : `\nDid you mean "${near}"?`}`)
}

/** The resource of a manifest's kind. @throws Problem as kubectl words it */
export async function resourceOfKind(cluster: Cluster, { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): Promise<ApiResource> {
  const [version = '', group = ''] = apiVersion.includes('/') ? apiVersion.split('/').toReversed() : [apiVersion]
  for (const fresh of [false, true]) {
    const { resources } = await cluster.discovery.all(fresh)
    const found = resources.find((one) => one.kind === kind && one.group === group && one.version === version)
    if (found) return found
  }
  throw new Problem(await unknownKind(cluster, { apiVersion, kind }))
}

async function unknownKind(cluster: Cluster, { apiVersion, kind }: { readonly apiVersion: string; readonly kind: string }): Promise<string> {
  const { resources } = await cluster.discovery.all()
  const elsewhere = resources.find((one) => one.kind === kind)
  const { suggest } = await import('../../shared/model/suggest.ts')
  const near = elsewhere ? `the kind ${kind} is in ${apiVersionOf(elsewhere)}` : suggest(kind, resources.map((one) => one.kind))
  const hint = near === undefined ? 'ensure CRDs are installed first' : elsewhere ? near : `did you mean "${near}"?`
  return `no matches for kind "${kind}" in version "${apiVersion}"\n${hint}`
}

export const apiVersionOf = ({ group, version }: Pick<ApiResource, 'group' | 'version'>): string => (group === '' ? version : `${group}/${version}`)

/** `deployment.apps/web`, `pod/web`: how commands speak of an object. */
export const objectName = (resource: Pick<ApiResource, 'kind' | 'group'>, name: string): string => `${resource.kind.toLowerCase()}${resource.group === '' ? '' : `.${resource.group}`}/${name}`

/** `pods`, `deployments.apps` */
export const resourceName = ({ plural, group }: Pick<ApiResource, 'plural' | 'group'>): string => (group === '' ? plural : `${plural}.${group}`)

export interface At {
  readonly namespace?: string | undefined
  readonly name?: string | undefined
  readonly subresource?: string | undefined
}

/** `/apis/apps/v1/namespaces/NS/deployments/NAME/scale` */
export function pathOf(resource: Pick<ApiResource, 'group' | 'version' | 'plural' | 'namespaced'>, { namespace, name, subresource }: At = {}): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
  const parts = [...(resource.namespaced && namespace ? ['namespaces', namespace] : []), resource.plural, ...(name === undefined ? [] : [name]), ...(subresource === undefined ? [] : [subresource])]
  return `${root}/${parts.map(encodeURIComponent).join('/')}`
}
