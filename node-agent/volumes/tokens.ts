import type { Pod } from '../../shared/model/gen/api.ts'
import { uidOf } from '../../shared/model/meta.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import type { VolumeSources } from './port.ts'

export interface TokenRequest {
  readonly audience: string
  readonly expirationSeconds: number
}

interface Held {
  readonly token: string
  readonly issuedMs: number
  readonly expiresMs: number
}

/** Kubelet's rule: a token is renewed at 80 % of its life, and after a day at the latest. */
const RENEW_AT = 0.8
const LONGEST_MS = 24 * 60 * 60 * 1000

/** The service account tokens of all pods of this node, renewed in time. */
export class Tokens {
  readonly #clock: Clock
  readonly #held = new Map<string, Held>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** One that is still good while no new one can be had; throws only when there is none at all. */
  async get(pod: Pod, sources: VolumeSources, request: TokenRequest): Promise<string> {
    const key = `${uidOf(pod)} ${request.audience} ${request.expirationSeconds}`
    const held = this.#held.get(key)
    const nowMs = this.#clock.nowMs()
    if (held !== undefined && nowMs < renewalMs(held)) return held.token
    try {
      const { token, expiresMs } = await sources.serviceAccountToken({ pod, ...request })
      this.#held.set(key, { token, expiresMs, issuedMs: nowMs })
      return token
    } catch (error) {
      if (held !== undefined && nowMs < held.expiresMs) return held.token
      throw error
    }
  }

  forget(podUid: string): void {
    for (const key of this.#held.keys()) if (key.startsWith(`${podUid} `)) this.#held.delete(key)
  }
}

const renewalMs = ({ issuedMs, expiresMs }: Held): number => Math.min(issuedMs + RENEW_AT * (expiresMs - issuedMs), issuedMs + LONGEST_MS)
