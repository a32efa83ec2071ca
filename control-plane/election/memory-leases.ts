import type { Clock } from '../../shared/kit/clock.ts'
import type { Storage } from '../storage/port.ts'
import { modRevisionOf } from '../storage/storage.ts'
import type { HeldKey, LeaseRequest, Leases } from './port.ts'

/** Leases beside a memory storage, as timers of the given clock. All candidates of a simulation share one, as they would an etcd. */
export function createMemoryLeases(storage: Storage, clock: Clock): Leases {
  return {
    async acquire(request) {
      const result = await storage.write({ kind: 'put', key: request.key, value: request.value, expect: { kind: 'absent' } })
      return result.kind === 'committed' ? hold(storage, clock, { ...request, createRevision: modRevisionOf(result.revision) }) : undefined
    },
  }
}

function hold(storage: Storage, clock: Clock, { key, ttlMs, createRevision }: LeaseRequest & { readonly createRevision: number }): HeldKey {
  let expiresAtMs = clock.monotonicMs() + ttlMs
  let hasEnded = false
  let cancel: () => void = () => {}
  const end = async (): Promise<void> => {
    if (hasEnded) return
    hasEnded = true
    cancel()
    await storage.write({ kind: 'delete', key, expect: { kind: 'any' }, guard: { key, createRevision } })
  }
  const check = (): void => {
    const leftMs = expiresAtMs - clock.monotonicMs()
    // A storage that is closed by then has no keys to take away.
    if (leftMs <= 0) void end().catch(() => {})
    else cancel = clock.after(leftMs, check)
  }
  check()
  return {
    createRevision,
    async renew() {
      if (hasEnded) return false
      expiresAtMs = clock.monotonicMs() + ttlMs
      return true
    },
    release: end,
  }
}
