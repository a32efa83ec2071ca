import { demandedValue, parseFieldSelector } from '../../../shared/model/field-selector.ts'
import type { User } from '../request.ts'

/** What a request wants to do, as authorization sees it. */
export type Attributes = ResourceAttributes | PathAttributes

export interface ResourceAttributes {
  readonly kind: 'resource'
  readonly user: User
  /** `get list watch create update patch delete deletecollection`, or a special one (`impersonate`, `bind`, …). */
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  /** Empty at the cluster scope. */
  readonly namespace: string
  /** Empty when the request names no object (or names it only in its body). */
  readonly name: string
  /** As the client wrote it; empty if it wrote none. */
  readonly fieldSelector: string
}

export interface PathAttributes {
  readonly kind: 'path'
  readonly user: User
  /** The method in lower case. */
  readonly verb: string
  readonly path: string
}

export interface RequestLine {
  readonly user: User
  readonly method: string
  /** Decoded, without query. */
  readonly path: string
  readonly query: URLSearchParams
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', GET: 'get', HEAD: 'get', PUT: 'update', PATCH: 'patch', DELETE: 'delete' }

/** What follows `namespaces/NAME` and is still about the namespace itself. */
const NAMESPACE_SUBRESOURCES = new Set(['status', 'finalize'])

/** Read once for each request: several ask. */
const known = new WeakMap<RequestLine, Attributes>()

/** Reads what is wanted from the request line alone, for known and unknown resources alike (Kubernetes refuses before it says "not found"). */
export function requestAttributes(line: RequestLine): Attributes {
  const before = known.get(line)
  if (before) return before
  const attributes = readAttributes(line)
  known.set(line, attributes)
  return attributes
}

function readAttributes(line: RequestLine): Attributes {
  const parts = line.path.split('/').filter((part) => part !== '')
  const root = parts[0]
  const skip = root === 'api' ? 1 : root === 'apis' ? 2 : 0
  // `/api/v1` and `/apis/apps/v1` are discovery: paths, not resources.
  if (skip === 0 || parts.length < skip + 2) return { kind: 'path', user: line.user, verb: line.method.toLowerCase(), path: line.path }
  const target = targetOf(parts.slice(skip + 1))
  const fieldSelector = line.query.get('fieldSelector') ?? ''
  const verb = verbOf(line, target)
  return {
    kind: 'resource',
    user: line.user,
    verb,
    group: skip === 2 ? (parts[1] ?? '') : '',
    version: parts[skip] ?? '',
    resource: target.resource,
    subresource: target.subresource,
    namespace: target.namespace,
    // Only what is read is held against the name in a selector: a collection is deleted, or made larger, as a whole.
    name: target.name === '' && (verb === 'list' || verb === 'watch') ? nameInSelector(fieldSelector) : target.name,
    fieldSelector,
  }
}

interface Target {
  readonly watched: boolean
  readonly namespace: string
  readonly resource: string
  readonly name: string
  readonly subresource: string
}

/** @param parts what follows the version. */
function targetOf(parts: readonly string[]): Target {
  const watched = parts[0] === 'watch' && parts.length > 1
  let rest = watched ? parts.slice(1) : parts
  let namespace = ''
  if (rest[0] === 'namespaces' && rest.length > 1) {
    namespace = rest[1] ?? ''
    if (rest.length > 2 && !NAMESPACE_SUBRESOURCES.has(rest[2] ?? '')) rest = rest.slice(2)
  }
  return { watched, namespace, resource: rest[0] ?? '', name: rest[1] ?? '', subresource: rest[2] ?? '' }
}

function verbOf(line: RequestLine, target: Target): string {
  if (target.watched) return 'watch'
  const verb = VERBS[line.method] ?? ''
  if (target.name !== '') return verb
  if (verb === 'get') return isTrue(line.query.get('watch')) ? 'watch' : 'list'
  return verb === 'delete' ? 'deletecollection' : verb
}

/** How Go's decoder of query parameters reads a boolean: present and neither `false` nor `0`. */
const isTrue = (value: string | null): boolean => value !== null && value.toLowerCase() !== 'false' && value !== '0'

/** The value that a selector demands of a field, read as those read it who select by it; `undefined` where it demands none or cannot be read. */
export function selectedValue(fieldSelector: string, field: string): string | undefined {
  const parsed = fieldSelector === '' ? undefined : parseFieldSelector(fieldSelector)
  return parsed?.kind === 'selector' ? demandedValue(parsed.requirements, field) : undefined
}

/** What cannot stand in a path is no name. */
function nameInSelector(fieldSelector: string): string {
  const name = selectedValue(fieldSelector, 'metadata.name') ?? ''
  return name === '.' || name === '..' || /[/%]/.test(name) ? '' : name
}
