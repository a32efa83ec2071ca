/** What a `get` asks for, and the requests that it becomes. */
import type { ApiCall, Cluster } from '../cluster/cluster.ts'
import type { ApiResource } from '../cluster/discovery-cache.ts'
import { pathOf } from '../cluster/resources.ts'
import type { Selection } from '../cluster/selection.ts'
import { isNotFound, StatusProblem, statusText } from '../cluster/status-problem.ts'
import type { Call } from '../program/command.ts'

export interface Wanted {
  readonly call: Call
  readonly cluster: Cluster
  readonly selections: readonly Selection[]
  /** `undefined`: all. */
  readonly namespace: string | undefined
  readonly output: string
}

export const namespaceFor = (wanted: Wanted, resource: ApiResource): string | undefined => (resource.namespaced ? wanted.namespace : undefined)

export const listCall = (wanted: Wanted, resource: ApiResource, more: Readonly<Record<string, string | undefined>> = {}): ApiCall => ({
  path: pathOf(resource, { namespace: namespaceFor(wanted, resource) }),
  query: { labelSelector: wanted.call.flags.text('selector'), fieldSelector: wanted.call.flags.text('field-selector'), ...more },
})

export const objectCall = (wanted: Wanted, { resource, namespace }: Selection, name: string): ApiCall => ({
  path: pathOf(resource, { namespace: namespace ?? namespaceFor(wanted, resource), name, subresource: wanted.call.flags.text('subresource') }),
})

/** Pages of a list, until there is no more. */
export async function* pagesOf<T extends { readonly metadata?: { readonly continue?: string } }>(wanted: Wanted, resource: ApiResource, fetch: (call: ApiCall) => Promise<T>): AsyncGenerator<T> {
  const chunk = wanted.call.flags.text('chunk-size') ?? '500'
  let next: string | undefined
  do {
    const page = await fetch(listCall(wanted, resource, { limit: chunk === '0' ? undefined : chunk, continue: next }))
    yield page
    next = page.metadata?.continue || undefined
  } while (next !== undefined)
}

/**
 * Does the work for each thing; what the server refuses is told and the rest still done.
 * @returns whether anything was refused
 */
export async function refusalsTold<T>(things: readonly T[], call: Pick<Call, 'terminal' | 'flags'>, work: (thing: T) => Promise<void>): Promise<boolean> {
  let refused = false
  for (const thing of things) {
    try {
      await work(thing)
    } catch (error) {
      if (!(error instanceof StatusProblem)) throw error
      if (isNotFound(error) && call.flags.is('ignore-not-found')) continue
      call.terminal.err(`${statusText(error)}\n`)
      refused = true
    }
  }
  return refused
}
