/** Which resources the server has: asked once, kept in a file, asked again when a name is not found there. */
import type { RestAnswer } from '../../shared/kit/rest-client.ts'
import { type ApiResource, type Discovered, readCache, writeCache } from './discovery-cache.ts'
import { StatusProblem, statusOf } from './status-problem.ts'

export interface Discovery {
  /** All resources as known; from the server if nothing is known or `fresh` is asked for. */
  all(fresh?: boolean): Promise<Discovered>
}

interface From {
  readonly file: string
  readonly request: (path: string, headers: Readonly<Record<string, string>>) => Promise<RestAnswer>
}

const ACCEPT = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json'
const PATHS = ['/api', '/apis'] as const

export function createDiscovery(from: From): Discovery {
  let known: Promise<Discovered> | undefined
  let isFresh = false
  return {
    all(fresh = false) {
      if (known && (isFresh || !fresh)) return known
      const cached = readCache(from.file)
      isFresh = fresh || !cached
      known = isFresh || !cached ? ask(from, cached) : Promise.resolve(cached)
      return known
    },
  }
}

async function ask({ file, request }: From, cached: Discovered | undefined): Promise<Discovered> {
  const answers = await Promise.all(PATHS.map((path) => request(path, { accept: ACCEPT, ...(cached?.etags[path] === undefined ? {} : { 'if-none-match': cached.etags[path] }) })))
  if (cached && answers.every(({ status }) => status === 304)) return cached
  // One part changed: both are read anew.
  const whole = await Promise.all(answers.map((answer, at) => (answer.status === 304 ? request(PATHS[at] ?? '', { accept: ACCEPT }) : Promise.resolve(answer))))
  const lists = whole.map(({ status, text }) => {
    if (status >= 400) throw new StatusProblem(statusOf(status, text))
    return JSON.parse(text) as GroupList
  })
  const groups = lists.flatMap((list) => list.items ?? [])
  const etags = Object.fromEntries(whole.flatMap(({ headers }, at) => (typeof headers['etag'] === 'string' ? [[PATHS[at] ?? '', headers['etag']]] : [])))
  const discovered = { resources: groups.flatMap(resourcesOf), versions: groups.flatMap(versionsOf).toSorted(), etags }
  writeCache(file, discovered)
  return discovered
}

interface GroupList {
  readonly items?: readonly Group[]
}
interface Group {
  readonly metadata?: { readonly name?: string }
  readonly versions?: ReadonlyArray<{ readonly version: string; readonly resources?: readonly ResourceDiscovery[] }>
}
interface ResourceDiscovery {
  readonly resource: string
  readonly responseKind?: { readonly kind?: string }
  readonly scope: string
  readonly singularResource?: string
  readonly verbs?: readonly string[]
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
  readonly subresources?: ReadonlyArray<{ readonly subresource: string }>
}

const groupName = (group: Group): string => group.metadata?.name ?? ''
const versionsOf = (group: Group): readonly string[] => (group.versions ?? []).map(({ version }) => (groupName(group) === '' ? version : `${groupName(group)}/${version}`))

const resourcesOf = (group: Group): readonly ApiResource[] =>
  (group.versions ?? []).flatMap(({ version, resources = [] }) =>
    resources.map((one) => ({
      group: groupName(group),
      version,
      plural: one.resource,
      singular: one.singularResource || (one.responseKind?.kind ?? '').toLowerCase(),
      kind: one.responseKind?.kind ?? '',
      namespaced: one.scope === 'Namespaced',
      shortNames: one.shortNames ?? [],
      categories: one.categories ?? [],
      verbs: one.verbs ?? [],
      subresources: (one.subresources ?? []).map(({ subresource }) => subresource),
    })),
  )
