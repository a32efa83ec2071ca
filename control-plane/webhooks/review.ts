/** What a webhook is asked, and what its answer means. PURE. */
import { decodeBase64 } from '../../shared/model/base64.ts'
import type { Status } from '../../shared/model/gen/api.ts'
import { isJsonObject, isTooDeep, type Json, type JsonObject, readJson } from '../../shared/model/json.ts'

const API_VERSION = 'admission.k8s.io/v1'

export interface Asked {
  readonly uid: string
  readonly request: JsonObject
  readonly object: JsonObject | null
  readonly old: JsonObject | null
}

export const reviewOf = ({ uid, request, object, old }: Asked): JsonObject => ({
  kind: 'AdmissionReview',
  apiVersion: API_VERSION,
  request: { uid, ...request, object, oldObject: old },
})

export type Review =
  | { readonly kind: 'allowed'; readonly warnings: readonly string[]; readonly patch: Json | undefined }
  | { readonly kind: 'denied'; readonly warnings: readonly string[]; readonly status: Status }
  /** No answer to what was asked. */
  | { readonly kind: 'failed'; readonly message: string }

export interface Reading {
  readonly webhook: string
  readonly uid: string
  readonly mayPatch: boolean
}

export function readReview(body: Json, { webhook, uid, mayPatch }: Reading): Review {
  const failed = (message: string): Review => ({ kind: 'failed', message })
  const { kind, apiVersion, response } = isJsonObject(body) ? body : ({} as JsonObject)
  if (kind !== 'AdmissionReview' || apiVersion !== API_VERSION) return failed(`received invalid webhook response: expected webhook response of ${API_VERSION}, Kind=AdmissionReview, got ${text(apiVersion)}, Kind=${text(kind)}`)
  if (!isJsonObject(response)) return failed('received invalid webhook response: webhook response was absent')
  if (response['uid'] !== uid) return failed(`received invalid webhook response: expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(text(response['uid']))}`)
  const warnings = Array.isArray(response['warnings']) ? (response['warnings'] as readonly Json[]).filter((one) => typeof one === 'string') : []
  if (response['allowed'] !== true) return { kind: 'denied', warnings, status: denial(webhook, response['status']) }
  const { patch, patchType } = response
  if (patch === undefined || patch === null || patch === '') return patchType ? failed('received invalid webhook response: webhook response with response.patchType but without response.patch') : { kind: 'allowed', warnings, patch: undefined }
  if (!mayPatch) return failed('received invalid webhook response: webhook response may not contain patch for validating webhooks')
  if (patchType !== 'JSONPatch') return failed(patchType ? `received invalid webhook response: invalid response.patchType ${JSON.stringify(text(patchType))}` : 'received invalid webhook response: webhook response with response.patch but without response.patchType')
  const operations = decoded(patch)
  return operations === undefined ? failed('received invalid webhook response: response.patch is no JSON in base64') : { kind: 'allowed', warnings, patch: operations }
}

const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

function decoded(patch: Json): Json | undefined {
  const bytes = typeof patch === 'string' ? decodeBase64(patch) : undefined
  if (!bytes) return undefined
  try {
    const patch = readJson(new TextDecoder().decode(bytes))
    return isTooDeep(patch) ? undefined : patch
  } catch {
    return undefined
  }
}

/** Whatever a webhook says of a refusal, it is one. */
function denial(webhook: string, given: Json | undefined): Status {
  const { status: _status, code, message, reason, ...rest } = isJsonObject(given) ? given : ({} as JsonObject)
  const denied = `admission webhook ${JSON.stringify(webhook)} denied the request`
  const why = text(message) || text(reason)
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    ...(rest as object),
    status: 'Failure',
    message: why === '' ? `${denied} without explanation` : `${denied}: ${why}`,
    ...(text(reason) !== '' && { reason: text(reason) }),
    code: typeof code === 'number' && code >= 400 ? code : 400,
  }
}
