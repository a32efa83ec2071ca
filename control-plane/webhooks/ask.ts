/** Asks the webhooks that a request concerns. Loaded when the first one is configured. */
import { ApiError } from '../../shared/kit/api-error.ts'
import { newUid } from '../../shared/kit/ids.ts'
import type { MutatingWebhook } from '../../shared/model/gen/api.ts'
import { deepEqual, type JsonObject } from '../../shared/model/json.ts'
import type { AdmissionRequest } from '../apiserver/admission/plugin.ts'
import { readChanged } from '../apiserver/admission/read-changed.ts'
import { forbid } from '../apiserver/admission/refuse.ts'
import { Reinvocation } from '../apiserver/admission/reinvocation.ts'
import { applyJsonPatch } from '../apiserver/patch/json-patch.ts'
import { internalError } from '../apiserver/status.ts'
import { compiledPolicy } from '../policies/compiled.ts'
import { bindingsOf, requestJson } from '../policies/given.ts'
import { concerned } from '../policies/judge.ts'
import { matchOf } from '../policies/matching.ts'
import { changingViews, viewsOf, type View, type Views } from '../policies/views.ts'
import { bundleProblem } from '../registry/validation/certificate-text.ts'
import type { Webhook, WebhookParts } from './plugin.ts'
import { readReview, reviewOf, type Review } from './review.ts'
import { send } from './send.ts'
import { targetOf } from './target.ts'

export interface AskingParts extends WebhookParts {
  readonly namespaceObject: JsonObject | undefined
}

/** One after the other, each sees what those before it have made. Those that wish so are asked again about what came after them. */
export async function mutateBy(hooks: readonly Webhook[], request: AdmissionRequest, parts: AskingParts): Promise<JsonObject> {
  const again = (request.reinvocation ?? new Reinvocation()).of('MutatingAdmissionWebhook')
  let { object } = request
  again.begin(object)
  const views = changingViews(request, parts.sources.resources, parts.namespaceObject)
  for (const [index, hook] of hooks.entries()) {
    const key = `${index}/${hook.name}`
    const view = again.isDue(key) ? await concerning(hook, views(object), parts) : undefined
    if (!view) continue
    const made = await mutateByOne(hook, view.request, parts)
    const changed = made === view.request.object ? object : view.back(made)
    if (!deepEqual(changed, object)) {
      object = changed
      again.changed()
    }
    if ((hook as MutatingWebhook).reinvocationPolicy === 'IfNeeded') again.remember(key)
  }
  again.end(object)
  return object
}

async function mutateByOne(hook: Webhook, request: AdmissionRequest, parts: AskingParts): Promise<JsonObject> {
  const review = await ask(hook, request, { parts, mayPatch: true })
  if (review?.kind !== 'allowed' || review.patch === undefined) return request.object
  if (request.operation === 'DELETE') throw internalError(`admission webhook ${JSON.stringify(hook.name)} attempted to modify the object, which is not supported for this operation`)
  const before = named(request, request.object)
  const outcome = applyJsonPatch(before, review.patch)
  if (outcome.kind === 'refused') throw internalError(outcome.message)
  if (deepEqual(outcome.object, before)) return request.object
  // The webhook has answered: what its answer makes of the object is no failure that its policy could pass over.
  const read = readChanged(request.store, outcome.object)
  if (read.kind === 'unreadable') throw internalError(read.message)
  return request.store.definition.defaults(read.object)
}

/** All at once, when it is known who is to be asked; of several refusals the first by order is told. */
export async function validateBy(hooks: readonly Webhook[], request: AdmissionRequest, parts: AskingParts): Promise<void> {
  const views = viewsOf(request, parts.sources.resources, parts.namespaceObject)
  // This may throw: nobody may be under way by then, whose refusal nobody would wait for.
  const chosen: Array<{ readonly hook: Webhook; readonly view: View }> = []
  for (const hook of hooks) {
    const view = await concerning(hook, views, parts)
    if (view) chosen.push({ hook, view })
  }
  const outcomes = await Promise.allSettled(chosen.map(({ hook, view }) => ask(hook, view.request, { parts, mayPatch: false })))
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

/** The request as the webhook is to be told of it; `undefined` if it is not to be. */
async function concerning(hook: Webhook, views: Views, parts: AskingParts): Promise<View | undefined> {
  const { rules, namespaceSelector, objectSelector, matchPolicy, matchConditions = [], failurePolicy } = hook
  const place = matchOf({ resourceRules: rules, namespaceSelector, objectSelector, matchPolicy }, views.subjects, false)
  if (place < 0) return undefined
  const view = views.at(place)
  if (matchConditions.length === 0) return view
  const concern = await parts.sources.turns.through(concerned(compiledPolicy(hook), bindingsOf(view.request, parts)), view.request.call.signal)
  if (concern === undefined) return view
  if (concern.kind === 'not-concerned' || failurePolicy === 'Ignore') return undefined
  throw forbid(views.request, concern.message)
}

/** `undefined`: it could not be asked, and does not mind. */
async function ask(hook: Webhook, request: AdmissionRequest, { parts, mayPatch }: { readonly parts: AskingParts; readonly mayPatch: boolean }): Promise<Review | undefined> {
  const uid = newUid(parts.sources.random)
  const review = await reviewBy(hook, request, { parts, mayPatch, uid })
  if (review.kind === 'failed') {
    if (hook.failurePolicy === 'Ignore') return undefined
    throw internalError(`failed calling webhook ${JSON.stringify(hook.name)}: ${review.message}`)
  }
  for (const warning of review.warnings) request.call.warn(warning)
  if (review.kind === 'denied') throw new ApiError(review.status)
  return review
}

async function reviewBy(hook: Webhook, request: AdmissionRequest, { parts, mayPatch, uid }: { readonly parts: AskingParts; readonly mayPatch: boolean; readonly uid: string }): Promise<Review> {
  const { operation, object, old, call } = request
  const { clientConfig, timeoutSeconds = 10 } = hook
  const problem = bundleProblem(clientConfig.caBundle)
  if (problem !== undefined) return { kind: 'failed', message: `could not get REST client: ${problem}` }
  const target = targetOf(clientConfig, timeoutSeconds, parts)
  const body = reviewOf({ uid, request: requestJson(request), object: operation === 'DELETE' ? null : named(request, object), old: old ? named(request, old) : null })
  const ca = clientConfig.caBundle ? Buffer.from(clientConfig.caBundle, 'base64').toString('utf8') : undefined
  const sent = await send({ ...target, ca, body, timeoutMs: timeoutSeconds * 1000, clock: parts.sources.clock, signal: call.signal })
  return sent.kind === 'failed' ? { kind: 'failed', message: `failed to call webhook: ${sent.message}` } : readReview(sent.body, { webhook: hook.name, uid, mayPatch })
}

const named = ({ store }: AdmissionRequest, object: JsonObject): JsonObject => ({ kind: store.definition.kind, apiVersion: store.apiVersion, ...object })
