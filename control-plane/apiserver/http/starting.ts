/** What is answered before everything that requests need is there: that the process lives, and what it waits for. */
import type { ApiResponse, Handle } from '../request.ts'
import { serviceUnavailable } from '../status.ts'
import { jsonBody } from './answers.ts'
import { healthAnswer, isHealthPath, type HealthCheck } from './health.ts'

export interface StartingOptions {
  /** Once it says so it is asked no more. */
  readonly isServing: () => boolean
  /** Of the storage: `/readyz` names what fails. */
  readonly checks: readonly HealthCheck[]
}

/** Comes back soon: most starts take less. */
const COME_BACK_SECONDS = 1

/**
 * The same once it serves. Until then anybody may ask for health, since who may what is not known yet either: `/livez` is well, `/readyz` and `/healthz` are not; everything else is
 * refused in words, as a client takes it that tries again.
 */
export function untilServing(handle: Handle, { isServing, checks }: StartingOptions): Handle {
  let serves = false
  const readiness: readonly HealthCheck[] = [...checks, { name: 'informer-sync', check: () => Promise.reject(new Error('not everything is read yet')) }]
  const asked = readiness.map((check): HealthCheck => ({ ...check, endpoints: ['healthz', 'readyz'] }))
  return async (request): Promise<ApiResponse> => {
    serves ||= isServing()
    if (serves) return handle(request)
    if (isHealthPath(request.path)) return healthAnswer(request, asked)
    const { status } = serviceUnavailable('the control plane is starting: what etcd keeps has not been read yet', COME_BACK_SECONDS)
    return jsonBody(status.code ?? 503, status, { 'retry-after': String(COME_BACK_SECONDS) })
  }
}
