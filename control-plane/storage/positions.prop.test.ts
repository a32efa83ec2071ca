import fc from 'fast-check'
import { expect, test } from 'vitest'
import { POSITIONS } from './port.ts'
import { deletePosition, takeBatch } from './positions.ts'

interface Item {
  readonly write: { readonly kind: 'put' | 'delete'; readonly key: string; readonly value?: string }
  readonly id: number
}

const writes = fc.array(fc.record({ kind: fc.constantFrom('put' as const, 'delete' as const), key: fc.integer({ min: 0, max: 400 }).map((n) => `/gantry/core/pods/a/${n}`), value: fc.string({ maxLength: 20 }) }), { maxLength: 1500 })
const limits = fc.record({ maxWrites: fc.integer({ min: 1, max: POSITIONS }), maxBytes: fc.integer({ min: 1, max: 60_000 }) })

test('the position of a deletion never changes: stored histories and other replicas depend on it', () => {
  expect(['/gantry/core/pods/default/a', '/gantry/core/pods/default/b', '/gantry/apps/deployments/kube-system/dns'].map(deletePosition)).toEqual([286, 343, 654])
})

test('safety: no key and no position twice, deletions where their key says, and nothing is lost or turned round', () => {
  fc.assert(
    fc.property(writes, limits, (all, limit) => {
      const queue: Item[] = all.map((write, id) => ({ write, id }))
      const before = [...queue]
      const batch = takeBatch(queue, limit)
      expect(new Set(batch.map((placed) => placed.write.write.key)).size).toBe(batch.length)
      const positions = batch.map((placed) => placed.position)
      expect(positions).toEqual([...new Set(positions)].sort((a, b) => a - b))
      for (const { write, position } of batch) if (write.write.kind === 'delete') expect(position).toBe(deletePosition(write.write.key))
      expect(batch.length).toBeLessThanOrEqual(limit.maxWrites)
      const taken = new Set(batch.map((placed) => placed.write))
      expect(queue).toEqual(before.filter((item) => !taken.has(item)))
      for (const item of queue) for (const later of taken) if (later.write.key === item.write.key) expect(later.id).toBeLessThan(item.id)
    }),
    { numRuns: 60 },
  )
})

test('liveness: every batch of a queue that is not empty takes the first of it', () => {
  fc.assert(
    fc.property(writes, limits, (all, limit) => {
      const queue: Item[] = all.map((write, id) => ({ write, id }))
      const first = queue[0]
      const batch = takeBatch(queue, limit)
      expect(first === undefined || batch.some((placed) => placed.write === first)).toBe(true)
    }),
    { numRuns: 60 },
  )
})
