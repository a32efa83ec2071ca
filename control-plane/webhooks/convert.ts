/** Conversion webhooks: others show objects of a definition in another of its versions. Loaded when the first object is to be converted. */
import { newUid } from '../../shared/kit/ids.ts'
import type { WebhookConversion } from '../../shared/model/gen/api.ts'
import { isJsonObject, type Json, type JsonObject } from '../../shared/model/json.ts'
import { plainError } from '../apiserver/status.ts'
import type { WebhookParts } from './plugin.ts'
import { send } from './send.ts'
import { targetOf } from './target.ts'

const TIMEOUT_SECONDS = 30
const GROUP = 'apiextensions.k8s.io'
/** Of the review: the first that the definition names is sent. */
const REVIEWS: ReadonlySet<string> = new Set(['v1', 'v1beta1'])

export interface Conversion {
  readonly webhook: WebhookConversion
  readonly kind: string
  readonly objects: readonly JsonObject[]
  readonly apiVersion: string
  readonly signal: AbortSignal
}

export async function convertBy(parts: Omit<WebhookParts, 'authorize'>, { webhook, kind, objects, apiVersion, signal }: Conversion): Promise<readonly JsonObject[]> {
  const about = `${text(objects[0]?.['apiVersion'])}, Kind=${kind}`
  const uid = newUid(parts.sources.random)
  const clientConfig = webhook.clientConfig ?? {}
  const review = `${GROUP}/${webhook.conversionReviewVersions.find((one) => REVIEWS.has(one)) ?? 'v1'}`
  const body: JsonObject = { kind: 'ConversionReview', apiVersion: review, request: { uid, desiredAPIVersion: apiVersion, objects } }
  const ca = clientConfig.caBundle ? Buffer.from(clientConfig.caBundle, 'base64').toString('utf8') : undefined
  const sent = await send({ ...targetOf(clientConfig, TIMEOUT_SECONDS, parts), ca, body, timeoutMs: TIMEOUT_SECONDS * 1000, clock: parts.sources.clock, signal })
  const failed = (message: string): Error => plainError(`conversion webhook for ${about} failed: ${message}`)
  if (sent.kind === 'failed') throw failed(sent.message)
  const read = readAnswer(sent.body, { uid, review })
  if (read.kind === 'failed') throw failed(read.message)
  if (read.objects.length !== objects.length) throw plainError(`conversion webhook for ${about} returned ${read.objects.length} objects, expected ${objects.length}`)
  for (const [index, object] of read.objects.entries()) {
    const problem = problemOf(object, { kind, apiVersion, original: objects[index] ?? {} })
    if (problem !== undefined) throw plainError(`conversion webhook for ${about} returned invalid ${problem}`)
  }
  return read.objects
}

type Answer = { readonly kind: 'converted'; readonly objects: readonly JsonObject[] } | { readonly kind: 'failed'; readonly message: string }

function readAnswer(body: Json, { uid, review }: { readonly uid: string; readonly review: string }): Answer {
  const failed = (message: string): Answer => ({ kind: 'failed', message })
  const { kind, apiVersion, response } = isJsonObject(body) ? body : ({} as JsonObject)
  // Of the older review neither kind nor uid is looked at.
  const isStrict = review.endsWith('/v1')
  if (isStrict && (kind !== 'ConversionReview' || apiVersion !== review)) return failed(`expected webhook response of ${review}, Kind=ConversionReview, got ${text(apiVersion)}, Kind=${text(kind)}`)
  if (!isJsonObject(response)) return failed('no response provided')
  if (isStrict && response['uid'] !== uid) return failed(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(text(response['uid']))}`)
  const result = isJsonObject(response['result']) ? response['result'] : {}
  if (result['status'] !== 'Success') return failed(text(result['message']) || `response.result.status was '${text(result['status'])}', not 'Success'`)
  const objects = response['convertedObjects']
  return { kind: 'converted', objects: Array.isArray(objects) ? (objects as readonly Json[]).filter(isJsonObject) : [] }
}

interface Wanted {
  readonly kind: string
  readonly apiVersion: string
  readonly original: JsonObject
}

function problemOf(object: JsonObject, { kind, apiVersion, original }: Wanted): string | undefined {
  if (object['apiVersion'] !== apiVersion) return `object at index 0: invalid groupVersion (expected ${apiVersion}, received ${text(object['apiVersion'])})`
  if (object['kind'] !== kind) return `object at index 0: invalid kind (expected ${kind}, received ${text(object['kind'])})`
  const [is, was] = [object['metadata'], original['metadata']]
  const memberOf = (metadata: Json | undefined, member: string): string => (isJsonObject(metadata) ? text(metadata[member]) : '')
  const differs = Object.entries({ name: 'name', namespace: 'namespace', uid: 'UID' }).find(([member]) => memberOf(is, member) !== memberOf(was, member))
  if (differs) return `object: must have the same ${differs[1]}: ${memberOf(was, differs[0])} != ${memberOf(is, differs[0])}`
  return isJsonObject(is) ? undefined : 'metadata: missing metadata in converted object'
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
