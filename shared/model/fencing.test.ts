import fc from 'fast-check'
import { expect, test } from 'vitest'
import { grantedLeaseState, heldLeaseState } from './fencing.ts'

test('a lease is held until its end, expired from then on, and nothing before it is granted', () => {
  expect(grantedLeaseState({ leaseMs: 1000 }, 5)).toEqual({ kind: 'none' })
  expect(grantedLeaseState({ leaseMs: 1000, lastAckSentMs: 5 }, 1004)).toEqual({ kind: 'held', untilMs: 1005 })
  expect(grantedLeaseState({ leaseMs: 1000, lastAckSentMs: 5 }, 1005)).toEqual({ kind: 'expired', sinceMs: 1005 })
})

test('safety: whatever the delays and the clocks’ offsets, the node calls its lease expired before the control plane does', () => {
  const ms = fc.integer({ min: 0, max: 100_000 })
  fc.assert(
    fc.property(ms, ms, ms, ms, fc.integer({ min: -1_000_000, max: 1_000_000 }), (sentMs, delayMs, leaseMs, laterMs, offsetMs) => {
      const ackSentMs = sentMs + delayMs
      const nowMs = ackSentMs + laterMs
      const granted = grantedLeaseState({ leaseMs, lastAckSentMs: ackSentMs }, nowMs)
      const held = heldLeaseState({ leaseMs, ackedHeartbeatSentMs: sentMs + offsetMs }, nowMs + offsetMs)
      if (granted.kind === 'expired') expect(held.kind).toBe('expired')
    }),
  )
})
