/** OpenAPI v2 and v3, made from the schemas and the registry when first asked for. The door of this room. */
import type { ApiRequest, ApiResponse } from '../request.ts'
import { methodNotAllowed, noRepresentation } from '../status.ts'
import { covers, parseAccept } from '../http/accept.ts'
import { pageNotFound, refusal } from '../http/answers.ts'
import { KUBERNETES_VERSION } from '../http/version.ts'
import { discoveredGroups, type DiscoveredKind, type DiscoveredVersion } from '../discovery/groups.ts'
import { readDescriptions, type Descriptions } from './descriptions.ts'
import type { V2Document } from './document-v2.ts'
import type { DocumentOptions } from './document-v3.ts'
import { schemaLookup } from './custom-schemas.ts'
import { isCustom } from './kinds.ts'
import { rootOf } from './operations.ts'
import { pack, unpack, type Packed } from './packed.ts'

/** Answers paths under `/openapi`. */
export type OpenApi = (request: ApiRequest) => Promise<ApiResponse>

/** Everything made for one set of kinds; each part when first asked for. */
interface Site {
  readonly versions: readonly DiscoveredVersion[]
  readonly made: Map<string, Made>
}

interface Made {
  /** What it was made from: a document whose kinds are the same is the same. */
  readonly kinds: readonly DiscoveredKind[]
  readonly packed: Promise<Packed>
}

/** @param options.kinds called for each request; the same array as long as nothing changed. */
export function createOpenApi(options: { readonly kinds: () => readonly DiscoveredKind[] }): OpenApi {
  let madeFrom: readonly DiscoveredKind[] | undefined
  let site: Site = { versions: [], made: new Map() }
  return async (request) => {
    const kinds = options.kinds()
    if (kinds !== madeFrom) {
      madeFrom = kinds
      site = { versions: discoveredGroups(kinds).flatMap((group) => group.versions), made: site.made }
    }
    const path = request.path.replace(/\/$/, '')
    if (path !== '/openapi/v2' && path !== '/openapi/v3' && !path.startsWith('/openapi/v3/')) return pageNotFound()
    if (request.method !== 'GET' && request.method !== 'HEAD') return refusal(methodNotAllowed())
    if (path === '/openapi/v2') return swaggerAnswer(request, site)
    return path === '/openapi/v3' ? indexAnswer(request, site) : groupAnswer(request, site, path.slice('/openapi/v3/'.length))
  }
}

const isSame = (a: readonly DiscoveredKind[], b: readonly DiscoveredKind[]): boolean => a.length === b.length && a.every((kind, index) => kind === b[index])

function once(site: Site, { name, kinds }: { readonly name: string; readonly kinds: readonly DiscoveredKind[] }, make: () => Promise<string | Buffer>): Promise<Packed> {
  const kept = site.made.get(name)
  if (kept && isSame(kept.kinds, kinds)) return kept.packed
  const packed = make().then(pack)
  site.made.set(name, { kinds, packed })
  packed.catch(() => site.made.delete(name))
  return packed
}

let reading: Promise<Descriptions> | undefined
let readers = 0

/** The descriptions are kept for as long as somebody makes a document of them. */
async function withTexts<T>(make: (descriptions: Descriptions) => Promise<T>): Promise<T> {
  readers += 1
  try {
    return await make(await (reading ??= readDescriptions()))
  } finally {
    readers -= 1
    if (readers === 0) reading = undefined
  }
}

/** `api/v1`, `apis/apps/v1`. */
const nameOf = (version: DiscoveredVersion): string => rootOf(version).slice(1)

/** What is built in belongs to every group version that is built in. */
const optionsOf = (site: Site, kinds: readonly DiscoveredKind[], descriptions: Descriptions): DocumentOptions => ({
  version: `v${KUBERNETES_VERSION.major}.${KUBERNETES_VERSION.minor}.${KUBERNETES_VERSION.patch}`,
  groupVersions: site.versions.filter((version) => !isCustom(version)),
  descriptions,
  find: schemaLookup(kinds),
})

const documentOf = (site: Site, version: DiscoveredVersion): Promise<Packed> =>
  once(site, { name: nameOf(version), kinds: version.kinds }, () =>
    withTexts(async (descriptions) => {
      const { documentV3 } = await import('./document-v3.ts')
      return JSON.stringify(documentV3(version, optionsOf(site, version.kinds, descriptions)))
    }),
  )

const allKinds = (site: Site): readonly DiscoveredKind[] => site.versions.flatMap(({ kinds }) => kinds)

async function indexAnswer(request: ApiRequest, site: Site): Promise<ApiResponse> {
  const index = await once(site, { name: 'index', kinds: allKinds(site) }, () =>
    withTexts(async () => {
      const entries: Array<readonly [string, unknown]> = []
      // One after another: requests come in between.
      for (const version of site.versions) {
        const { hash } = await documentOf(site, version)
        entries.push([nameOf(version), { serverRelativeURL: `/openapi/v3/${nameOf(version)}?hash=${hash}` }])
      }
      return JSON.stringify({ paths: Object.fromEntries(entries) })
    }),
  )
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
  return withTag(request, made, { 'content-type': 'application/json', ...(asked === null ? {} : FOREVER) })
}

const PROTOBUF_TYPE = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
/** How it was called before; still what kubectl asks for. */
const OLD_PROTOBUF_TYPE = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'

async function swaggerAnswer(request: ApiRequest, site: Site): Promise<ApiResponse> {
  for (const range of parseAccept(request.headers['accept'])) {
    if (covers(range, 'application/json')) return withTag(request, await swaggerJson(site), { 'content-type': 'application/json' })
    if (range.type === PROTOBUF_TYPE || range.type === OLD_PROTOBUF_TYPE) return withTag(request, await swaggerProtobuf(site), { 'content-type': PROTOBUF_TYPE })
  }
  return refusal(noRepresentation(false))
}

const swaggerDocument = (site: Site): Promise<V2Document> =>
  withTexts(async (descriptions) => {
    const { documentV2 } = await import('./document-v2.ts')
    return documentV2(site.versions, optionsOf(site, allKinds(site), descriptions))
  })

const swaggerJson = (site: Site): Promise<Packed> => once(site, { name: 'v2 json', kinds: allKinds(site) }, async () => JSON.stringify(await swaggerDocument(site)))

const swaggerProtobuf = (site: Site): Promise<Packed> =>
  once(site, { name: 'v2 protobuf', kinds: allKinds(site) }, async () => {
    const { protobufV2 } = await import('./protobuf-v2.ts')
    return protobufV2(await swaggerDocument(site))
  })

async function withTag(request: ApiRequest, made: Packed, headers: Readonly<Record<string, string>>): Promise<ApiResponse> {
  const etag = `"${made.hash}"`
  if (request.headers['if-none-match'] === etag) return { kind: 'body', status: 304, headers: { etag }, body: '' }
  const all = { ...headers, vary: 'Accept, Accept-Encoding', etag }
  if (/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return { kind: 'body', status: 200, headers: { ...all, 'content-encoding': 'gzip' }, body: made.bytes }
  return { kind: 'body', status: 200, headers: all, body: await unpack(made) }
}
