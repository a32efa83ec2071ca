/** Asks a pod's disruption budget before the pod is evicted. */
import type { Pod, PodDisruptionBudget } from '../../../shared/model/gen/api.ts'
import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import { nameOf, namespaceOf } from '../../../shared/model/meta.ts'
import type { Call } from '../core/call.ts'
import { list } from '../core/list.ts'
import type { CoreParts } from '../core/parts.ts'
import type { ResourceStore } from '../core/resources.ts'
import { update } from '../core/update.ts'
import { forbidden, plainError, tooManyRequests } from '../status.ts'
import { budgetsOf, isBeyondBudgets, mayGoUnready, stillProcessed, takeDisruption, type Verdict } from './disruption-budget.ts'

const NO = "Cannot evict pod as it would violate the pod's disruption budget."

const asBudget = (object: JsonObject): PodDisruptionBudget => object as unknown as PodDisruptionBudget

export type Permission =
  /** No budget counts the pod, or one has given a disruption for it. */
  | { readonly kind: 'free' }
  /** It may go because it is not ready: only if it still is not when it goes. */
  | { readonly kind: 'unready'; readonly refusal: () => Error }

/** Throws a 429 when the pod may not go now, a 500 when two budgets count it. */
export async function askBudget(parts: CoreParts, call: Call, pod: Pod): Promise<Permission> {
  const store = parts.resources.find('policy', 'v1', 'poddisruptionbudgets')
  if (!store || isBeyondBudgets(pod)) return { kind: 'free' }
  const { items } = await list(parts, call, { store, namespace: namespaceOf(pod), options: {} })
  const [budget, ...others] = budgetsOf(pod, items.map(({ object }) => asBudget(object)))
  if (!budget) return { kind: 'free' }
  if (others.length > 0) throw plainError('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.')
  if (mayGoUnready(pod, budget)) return { kind: 'unready', refusal: () => tooSoon(stillProcessed(nameOf(budget))) }
  await take(parts, call, { store, budget, podName: nameOf(pod) })
  return { kind: 'free' }
}

interface Taking {
  readonly store: ResourceStore
  readonly budget: PodDisruptionBudget
  readonly podName: string
}

/** Compare-and-set: of two evictions that come at once only as many pass as the budget allows. */
async function take(parts: CoreParts, call: Call, { store, budget, podName }: Taking): Promise<void> {
  const change = (object: JsonObject): JsonObject => {
    const verdict = takeDisruption(asBudget(object), podName, parts.clock.nowMs())
    if (verdict.kind === 'refused') throw tooSoon(verdict)
    if (verdict.kind === 'broken') throw forbidden({ group: 'policy', name: 'poddisruptionbudget' }, nameOf(budget), { message: verdict.detail })
    return { ...object, ...(isJsonObject(object['status']) && { status: verdict.budget.status as unknown as JsonObject }) }
  }
  await update(parts, call, { store, at: { namespace: namespaceOf(budget), name: nameOf(budget) }, subresource: 'status', change })
}

const tooSoon = ({ cause, retryAfterSeconds }: Extract<Verdict, { readonly kind: 'refused' }>): Error =>
  tooManyRequests(NO, { causes: [{ reason: 'DisruptionBudget', message: cause }], ...(retryAfterSeconds !== undefined && { retryAfterSeconds }) })

