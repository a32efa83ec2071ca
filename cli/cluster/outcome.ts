/** What is said of a write whose answer never came: that nobody knows, and how to look. */
import { Problem } from '../program/problem.ts'
import type { ApiCall } from './cluster.ts'

/** Whether the write took effect is not known. */
export class UnknownOutcome extends Problem {}

const PATH = /^\/(?:api|apis\/([^/]+))\/[^/]+\/(?:namespaces\/([^/]+)\/(?=.))?([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/

interface Written {
  /** `deployments.apps/web` */
  readonly what: string
  readonly namespace: string | undefined
  readonly subresource: string | undefined
}

/** What a call writes; `undefined` when it is no object's path. */
export function writtenBy({ path, body }: Pick<ApiCall, 'path' | 'body'>): Written | undefined {
  const [, group, namespace, plural, name, subresource] = PATH.exec(path)?.map((part) => (part === undefined ? undefined : decodeURIComponent(part))) ?? []
  if (plural === undefined) return undefined
  const named = name ?? (body as { readonly metadata?: { readonly name?: string } } | undefined)?.metadata?.name
  return { what: `${plural}${group === undefined ? '' : `.${group}`}${named === undefined ? '' : `/${named}`}`, namespace, subresource }
}

/** How to see whether it was done. */
export function lookHint(call: Pick<ApiCall, 'path' | 'body'>): string {
  const written = writtenBy(call)
  if (!written) return 'Look before you do it again.'
  return `Look with "gantry get ${written.what}${written.namespace === undefined ? '' : ` -n ${written.namespace}`} -o yaml" before you do it again.`
}

const VERBS: Readonly<Record<string, string>> = { POST: 'create', PUT: 'replace', PATCH: 'change', DELETE: 'delete' }

/** @param why what happened to the answer: `the connection broke off` */
export function unknownOutcome(call: ApiCall, why: string, cause: unknown): UnknownOutcome {
  const { what = call.path, subresource } = writtenBy(call) ?? {}
  const verb = subresource === 'eviction' ? 'evict' : (VERBS[call.method ?? ''] ?? call.method)
  return new UnknownOutcome(`${why} after the request to ${verb} ${what} was sent: it is not known whether that was done.\n${lookHint(call)}`, { cause })
}
