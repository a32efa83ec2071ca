/** OpenAPI v2 and v3, made from the schemas and the registry when first asked for. The door of this room. */
import { createHash } from 'node:crypto'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { methodNotAllowed, noRepresentation } from '../status.ts'
import { covers, parseAccept } from '../http/accept.ts'
import { pageNotFound, refusal } from '../http/answers.ts'
import { KUBERNETES_VERSION } from '../http/version.ts'
import { discoveredGroups, type DiscoveredKind, type DiscoveredVersion } from '../discovery/groups.ts'
import type { V2Document } from './document-v2.ts'
import { rootOf } from './operations.ts'

/** Answers paths under `/openapi`. */
export type OpenApi = (request: ApiRequest) => Promise<ApiResponse>

interface Made {
  readonly body: string | Buffer
  /** SHA-512, upper-case hex. */
  readonly hash: string
}

/** Everything made for one set of kinds; each part when first asked for. */
interface Site {
  readonly versions: readonly DiscoveredVersion[]
  readonly made: Map<string, Promise<Made>>
}

/** @param options.kinds called for each request; the same array as long as nothing changed. */
export function createOpenApi(options: { readonly kinds: () => readonly DiscoveredKind[] }): OpenApi {
  let madeFrom: readonly DiscoveredKind[] | undefined
  let site: Site = { versions: [], made: new Map() }
  return async (request) => {
    const kinds = options.kinds()
    if (kinds !== madeFrom) {
      madeFrom = kinds
      site = { versions: discoveredGroups(kinds).flatMap((group) => group.versions), made: new Map() }
    }
    const path = request.path.replace(/\/$/, '')
    if (path !== '/openapi/v2' && path !== '/openapi/v3' && !path.startsWith('/openapi/v3/')) return pageNotFound()
    if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(methodNotAllowed())
    if (path === '/openapi/v2') return swaggerAnswer(request, site)
    return path === '/openapi/v3' ? indexAnswer(request, site) : groupAnswer(request, site, path.slice('/openapi/v3/'.length))
  }
}

function once(site: Site, key: string, make: () => Promise<string | Buffer>): Promise<Made> {
  const kept = site.made.get(key)
  if (kept) return kept
  const made = make().then((body) => ({ body, hash: createHash('sha512').update(body).digest('hex').toUpperCase() }))
  site.made.set(key, made)
  return made
}

const optionsOf = (site: Site): { readonly version: string; readonly groupVersions: Site['versions'] } => ({ version: `v${KUBERNETES_VERSION.major}.${KUBERNETES_VERSION.minor}.${KUBERNETES_VERSION.patch}`, groupVersions: site.versions })

/** `api/v1`, `apis/apps/v1`. */
const nameOf = (version: DiscoveredVersion): string => rootOf(version).slice(1)

const documentOf = (site: Site, version: DiscoveredVersion): Promise<Made> =>
  once(site, nameOf(version), async () => {
    const { documentV3 } = await import('./document-v3.ts')
    return JSON.stringify(documentV3(version, optionsOf(site)))
  })

async function indexAnswer(request: ApiRequest, site: Site): Promise<ApiResponse> {
  const index = await once(site, 'index', async () => {
    const entries = await Promise.all(
      site.versions.map(async (version) => {
        const { hash } = await documentOf(site, version)
        return [nameOf(version), { serverRelativeURL: `/openapi/v3/${nameOf(version)}?hash=${hash}` }] as const
      }),
    )
    return JSON.stringify({ paths: Object.fromEntries(entries) })
  })
  return withTag(request, index, { 'content-type': 'application/json' })
}

/** A year, for a document that is named by its hash. */
const FOREVER = { 'cache-control': 'public, max-age=31536000, immutable' }

async function groupAnswer(request: ApiRequest, site: Site, name: string): Promise<ApiResponse> {
  const version = site.versions.find((one) => nameOf(one) === name)
  if (!version) return { kind: 'body', status: 404, headers: {}, body: '' }
  const made = await documentOf(site, version)
  const asked = request.query.get('hash')
  if (asked !== null && asked !== made.hash) return { kind: 'body', status: 301, headers: { location: `/openapi/v3/${name}?hash=${made.hash}`, 'cache-control': 'no-cache, private' }, body: '' }
  return withTag(request, made, { 'content-type': 'application/json', vary: 'Accept', ...(asked === null ? {} : FOREVER) })
}

const PROTOBUF_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
/** How it was called before; still what kubectl asks for. */
const OLD_PROTOBUF_TYPE = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'

async function swaggerAnswer(request: ApiRequest, site: Site): Promise<ApiResponse> {
  for (const range of parseAccept(request.headers['accept'])) {
    if (covers(range, 'application/json')) return withTag(request, await swaggerJson(site), { 'content-type': 'application/json', vary: 'Accept' })
    if (range.type === PROTOBUF_TYPE || range.type === OLD_PROTOBUF_TYPE) return withTag(request, await swaggerProtobuf(site), { 'content-type': PROTOBUF_TYPE, vary: 'Accept' })
  }
  return refusal(noRepresentation(false))
}

async function swaggerDocument(site: Site): Promise<V2Document> {
  const { documentV2 } = await import('./document-v2.ts')
  return documentV2(site.versions, optionsOf(site))
}

const swaggerJson = (site: Site): Promise<Made> => once(site, 'v2 json', async () => JSON.stringify(await swaggerDocument(site)))

const swaggerProtobuf = (site: Site): Promise<Made> =>
  once(site, 'v2 protobuf', async () => {
    const { protobufV2 } = await import('./protobuf-v2.ts')
    return protobufV2(await swaggerDocument(site))
  })

function withTag(request: ApiRequest, made: Made, headers: Readonly<Record<string, string>>): ApiResponse {
  const etag = `"${made.hash}"`
  if (request.headers['if-none-match'] === etag) return { kind: 'body', status: 304, headers: { etag }, body: '' }
  return { kind: 'body', status: 200, headers: { ...headers, etag }, body: made.body }
}
