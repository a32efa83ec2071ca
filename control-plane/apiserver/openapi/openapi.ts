/** OpenAPI v2 and v3, made from the schemas and the registry when first asked for. The door of this room. */
import { createHash } from 'node:crypto'
import type { ApiRequest, ApiResponse } from '../request.ts'
import { covers, parseAccept } from '../http/accept.ts'
import { pageNotFound } from '../http/answers.ts'
import { discoveredGroups, type DiscoveredKind, type DiscoveredVersion } from '../discovery/groups.ts'
import { rootOf } from './names.ts'
import { plainVersion, type DocumentName, type Form, type Maker } from './making.ts'
import { unpack, type Packed } from './packed.ts'
import { rootsOf } from './roots.ts'

export { makeInThread } from './in-thread.ts'
export type { Maker } from './making.ts'

/** Answers paths under `/openapi`. */
export type OpenApi = (request: ApiRequest) => Promise<ApiResponse>

export interface OpenApiOptions {
  /** Called for each request; the same array as long as nothing changed. */
  readonly kinds: () => readonly DiscoveredKind[]
  /** In this thread if left out. */
  readonly make?: Maker | undefined
}

/** Everything made for one set of kinds; each document when first asked for. */
interface Site {
  readonly versions: readonly DiscoveredVersion[]
  readonly made: Map<string, Made>
  readonly make: Maker
}

interface Made {
  /** What it was made from: a document whose kinds are the same is the same. */
  readonly kinds: readonly DiscoveredKind[]
  readonly packed: Promise<Packed>
}

const here: Maker = async (wanted) => (await import('./making.ts')).makeHere(wanted)

export function createOpenApi(options: OpenApiOptions): OpenApi {
  let madeFrom: readonly DiscoveredKind[] | undefined
  let site: Site = { versions: [], made: new Map(), make: options.make ?? here }
  return async (request) => {
    const kinds = options.kinds()
    if (kinds !== madeFrom) {
      madeFrom = kinds
      site = { ...site, versions: discoveredGroups(kinds).flatMap((group) => group.versions) }
      forgetGone(site)
    }
    const path = request.path.replace(/\/$/, '')
    if (path !== '/openapi/v2' && path !== '/openapi/v3' && !path.startsWith('/openapi/v3/')) return pageNotFound()
    if (path === '/openapi/v2') return swaggerAnswer(request, site)
    return path === '/openapi/v3' ? indexAnswer(request, site) : groupAnswer(request, site, path.slice('/openapi/v3/'.length))
  }
}

/** `api/v1`, `apis/apps/v1`. */
const nameOf = (version: DiscoveredVersion): string => rootOf(version).slice(1)

/** Documents of definitions that are no more. */
function forgetGone({ versions, made }: Site): void {
  const names = new Set(askedOf(versions).map(({ name }) => name))
  for (const key of made.keys()) if (key.startsWith('api') && !names.has(key.split(FORM_MARK, 1)[0] ?? '')) made.delete(key)
}

const isSame = (a: readonly DiscoveredKind[] | undefined, b: readonly DiscoveredKind[]): boolean => a !== undefined && a.length === b.length && a.every((kind, index) => kind === b[index])

const FORM_MARK = ';'

interface Asked {
  /** Of another form than JSON with its mark. */
  readonly name: string
  readonly kinds: readonly DiscoveredKind[]
  readonly document: DocumentName
}

/** What is missing is made together. */
function documentsOf(site: Site, asked: readonly Asked[]): Promise<readonly Packed[]> {
  const missing = asked.filter(({ name, kinds }) => !isSame(site.made.get(name)?.kinds, kinds))
  if (missing.length > 0) {
    const making = site.make({ versions: site.versions.map(plainVersion), documents: missing.map(({ document }) => document) })
    for (const [index, { name, kinds }] of missing.entries()) {
      const packed = making.then((all) => all[index] ?? Promise.reject(new Error(`no document ${name} was made`)))
      const made = { kinds, packed }
      site.made.set(name, made)
      packed.catch(() => site.made.get(name) === made && site.made.delete(name))
    }
  }
  return Promise.all(asked.map(({ name }) => site.made.get(name)?.packed ?? Promise.reject(new Error(`no document ${name}`))))
}

const NO_KINDS: readonly DiscoveredKind[] = []

/** By name, as the index lists them. */
const askedOf = (versions: readonly DiscoveredVersion[]): readonly Asked[] =>
  [
    ...rootsOf(versions).map(({ name }) => ({ name, kinds: NO_KINDS, document: { kind: 'root', name } as const })),
    ...versions.map((version, index) => ({ name: nameOf(version), kinds: version.kinds, document: { kind: 'v3', index } as const })),
  ].toSorted((a, b) => (a.name < b.name ? -1 : 1))

async function documentOf(site: Site, asked: Asked, form: Form): Promise<Packed> {
  const [packed] = await documentsOf(site, [form === 'json' ? asked : { ...asked, name: `${asked.name}${FORM_MARK}${form}`, document: { ...asked.document, form } }])
  if (!packed) throw new Error(`no document ${asked.name}`)
  return packed
}

async function indexAnswer(request: ApiRequest, site: Site): Promise<ApiResponse> {
  const asked = askedOf(site.versions)
  const documents = await documentsOf(site, asked)
  const paths = Object.fromEntries(asked.map(({ name }, index) => [name, { serverRelativeURL: `/openapi/v3/${name}?hash=${documents[index]?.hash ?? ''}` }]))
  const body = JSON.stringify({ paths })
  const etag = `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"`
  if (request.headers['if-none-match'] === etag) return { kind: 'body', status: 304, headers: { etag }, body: '' }
  return { kind: 'body', status: 200, headers: { 'content-type': 'application/json', etag }, body }
}

/** A year, for a document that is named by its hash. */
const FOREVER = { 'cache-control': 'public, max-age=31536000, immutable' }

async function groupAnswer(request: ApiRequest, site: Site, name: string): Promise<ApiResponse> {
  const one = askedOf(site.versions).find((document) => document.name === name)
  if (!one) return { kind: 'body', status: 404, headers: {}, body: '' }
  const form = formFor(request, 'v3')
  if (!form) return NOT_ACCEPTABLE
  const made = await documentOf(site, one, form)
  const asked = request.query.get('hash')
  if (asked !== null && asked !== made.hash) return { kind: 'body', status: 301, headers: { location: `/openapi/v3/${name}?hash=${made.hash}`, 'cache-control': 'no-cache, private' }, body: '' }
  return withTag(request, made, { 'content-type': mediaType(form, 'v3'), ...(asked === null ? {} : FOREVER) })
}

async function swaggerAnswer(request: ApiRequest, site: Site): Promise<ApiResponse> {
  const form = formFor(request, 'v2')
  if (!form) return NOT_ACCEPTABLE
  const kinds = site.versions.flatMap((version) => version.kinds)
  return withTag(request, await documentOf(site, { name: 'v2', kinds, document: { kind: 'v2' } }, form), { 'content-type': mediaType(form, 'v2') })
}

const NOT_ACCEPTABLE: ApiResponse = { kind: 'body', status: 406, headers: { vary: 'Accept, Accept-Encoding' }, body: '' }

const mediaType = (form: Form, of: 'v2' | 'v3'): string => (form === 'json' ? 'application/json' : `application/com.github.proto-openapi.spec.${of}.v1.0+protobuf`)

/** What the client would like best of what there is. */
function formFor(request: ApiRequest, of: 'v2' | 'v3'): Form | undefined {
  // The second was its name before, and is still what kubectl asks for.
  const protobuf = [mediaType('protobuf', of), `application/com.github.proto-openapi.spec.${of}@v1.0+protobuf`]
  for (const range of parseAccept(request.headers['accept'])) {
    if (covers(range, mediaType('json', of))) return 'json'
    if (protobuf.includes(range.type)) return 'protobuf'
  }
  return undefined
}

async function withTag(request: ApiRequest, made: Packed, headers: Readonly<Record<string, string>>): Promise<ApiResponse> {
  const etag = `"${made.hash}"`
  if (request.headers['if-none-match'] === etag) return { kind: 'body', status: 304, headers: { etag }, body: '' }
  const all = { ...headers, vary: 'Accept, Accept-Encoding', etag }
  if (/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return { kind: 'body', status: 200, headers: { ...all, 'content-encoding': 'gzip' }, body: made.bytes }
  return { kind: 'body', status: 200, headers: all, body: await unpack(made) }
}
