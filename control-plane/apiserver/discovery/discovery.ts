/** Discovery: what the server offers. The door of this room. */
import { createHash } from 'node:crypto'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { methodNotAllowed, unknownResource } from '../status.ts'
import { MEDIA, plainJson, type Media } from '../representations/negotiate.ts'
import { body } from '../representations/write.ts'
import { covers, parseAccept } from '../http/accept.ts'
import { documentAnswer, pageNotFound, refusal } from '../http/answers.ts'
import { aggregatedList, coreVersions, groupDocument, groupList, resourceList } from './documents.ts'
import { discoveredGroups, type DiscoveredGroup, type DiscoveredKind } from './groups.ts'

export interface DiscoveryOptions {
  /** The registered kinds; called for each request, the same array as long as nothing changed. */
  readonly kinds: () => readonly DiscoveredKind[]
  /** `host:port` that clients reach. */
  readonly serverAddress: string
}

export interface Discovery {
  /** Answers paths under `/api` and `/apis` that name no resource. */
  answer(request: ApiRequest): Promise<ApiResponse>
  /** All such paths, for the list at `/`. */
  paths(): readonly string[]
}

export function createDiscovery(options: DiscoveryOptions): Discovery {
  let madeFrom: readonly DiscoveredKind[] | undefined
  let site = newSite([])
  const currentSite = (): Site => {
    const kinds = options.kinds()
    if (kinds !== madeFrom) {
      madeFrom = kinds
      site = newSite(kinds)
    }
    return site
  }
  return {
    async answer(request) {
      const current = currentSite()
      const [root, group, version, ...more] = request.path.split('/').filter((part) => part !== '')
      if (more.length > 0) return refusal(unknownResource(), request)
      if (root === 'api') return coreAnswer(request, current, { version: group, tooLong: version !== undefined, serverAddress: options.serverAddress })
      if (group === undefined) return rootAnswer(request, current, { aggregatedOf: 'named', legacy: groupList(current.groups) })
      return groupAnswer(request, current, { group, version })
    },
    paths: () => ['/api', '/apis', '/apis/', ...currentSite().groups.flatMap(pathsOf)],
  }
}

const pathsOf = (group: DiscoveredGroup): readonly string[] =>
  group.name === '' ? group.versions.map(({ version }) => `/api/${version}`) : [`/apis/${group.name}`, ...group.versions.map(({ version }) => `/apis/${group.name}/${version}`)]

interface Site {
  readonly groups: readonly DiscoveredGroup[]
  /** Aggregated documents with their tags, made when first asked for. */
  readonly aggregated: Map<AggregatedOf, { readonly text: string; readonly etag: string }>
}

const newSite = (kinds: readonly DiscoveredKind[]): Site => ({ groups: discoveredGroups(kinds), aggregated: new Map() })

function coreAnswer(request: ApiRequest, site: Site, at: { readonly version: string | undefined; readonly tooLong: boolean; readonly serverAddress: string }): ApiResponse {
  if (at.version === undefined) {
    if (request.method !== 'GET') return refusal(methodNotAllowed(), request)
    return rootAnswer(request, site, { aggregatedOf: 'core', legacy: coreVersions(site.groups, at.serverAddress) })
  }
  const found = site.groups.find((group) => group.name === '')?.versions.find((one) => one.version === at.version)
  return found && !at.tooLong ? documentFor(request, resourceList(found)) : refusal(unknownResource(), request)
}

function groupAnswer(request: ApiRequest, site: Site, at: { readonly group: string; readonly version: string | undefined }): ApiResponse {
  const group = site.groups.find((one) => one.name === at.group)
  if (!group) return pageNotFound()
  // Kubernetes tells of groups, and of versions of custom ones, without a route that would look at the method; its own group of services is the exception.
  if (at.version === undefined) return group.name === 'apiregistration.k8s.io' ? documentFor(request, groupDocument(group)) : documentAnswer(request, groupDocument(group), false)
  const version = group.versions.find((one) => one.version === at.version)
  const isCustom = group.versions.every(({ kinds }) => kinds.every(({ custom }) => custom))
  if (version) return isCustom ? documentAnswer(request, resourceList(version), false) : documentFor(request, resourceList(version))
  return isCustom ? pageNotFound() : refusal(unknownResource(), request)
}

const documentFor = (request: ApiRequest, document: unknown): ApiResponse => (request.method === 'GET' ? documentAnswer(request, document) : refusal(methodNotAllowed(), request))

/** `/api` and `/apis` come in the legacy shape, or aggregated for clients that name that anywhere in what they accept. */
function rootAnswer(request: ApiRequest, site: Site, answers: { readonly aggregatedOf: AggregatedOf; readonly legacy: unknown }): ApiResponse {
  for (const range of parseAccept(request.headers['accept'])) {
    const { g, v, as } = range.parameters
    const media = MEDIA.find((one) => covers(range, one))
    if (media && g === 'apidiscovery.k8s.io' && v === 'v2' && as === 'APIGroupDiscoveryList') return aggregatedAnswer(request, site, { of: answers.aggregatedOf, media })
  }
  const response = documentAnswer(request, answers.legacy, answers.aggregatedOf === 'core')
  return response.kind === 'body' ? { ...response, headers: { ...response.headers, vary: 'Accept' } } : response
}

type AggregatedOf = 'core' | 'named'

/** Its tag is that of its JSON in each media type. */
function aggregatedAnswer(request: ApiRequest, site: Site, { of, media }: { readonly of: AggregatedOf; readonly media: Media }): ApiResponse {
  const { text, etag } = aggregatedDocument(site, of)
  if (request.headers['if-none-match'] === etag) return { kind: 'body', status: 304, headers: { etag, vary: 'Accept' }, body: '' }
  const headers = { 'content-type': `${media};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList`, etag, vary: 'Accept' }
  return { ...body(200, { kind: 'text', json: text }, { ...plainJson, media }), headers }
}

function aggregatedDocument(site: Site, of: AggregatedOf): { readonly text: string; readonly etag: string } {
  const kept = site.aggregated.get(of)
  if (kept) return kept
  const groups = site.groups.filter((group) => (group.name === '') === (of === 'core'))
  const text = JSON.stringify(aggregatedList(groups))
  const made = { text, etag: `"${createHash('sha512').update(text).digest('hex').toUpperCase()}"` }
  site.aggregated.set(of, made)
  return made
}
