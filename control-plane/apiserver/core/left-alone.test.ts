/** A client that watches what hardly changes, for hours, while everything else does. */
import { expect, onTestFinished, test } from 'vitest'
import { systemClock, type Clock } from '../../../shared/kit/clock.ts'
import { configMaps, namespaces } from '../../../shared/model/resources.ts'
import { heldBytes } from '../../../test/held-memory.ts'
import { createMemoryStorage } from '../../storage/storage.ts'
import { startTestServer, type TestServer } from './testing.ts'

interface JumpingClock extends Clock {
  /** So much time is over, and with it whatever was to happen in it. */
  jump(ms: number): void
}

/** The system's clock, but that it jumps. */
function jumpingClock(): JumpingClock {
  let aheadMs = 0
  const waiting = new Set<{ readonly atMs: number; readonly run: () => void }>()
  const monotonicMs = (): number => systemClock.monotonicMs() + aheadMs
  return {
    nowMs: () => systemClock.nowMs() + aheadMs,
    monotonicMs,
    after(delayMs, run) {
      const one = { atMs: monotonicMs() + delayMs, run: () => void (waiting.delete(one) && run()) }
      waiting.add(one)
      const cancel = systemClock.after(delayMs, one.run)
      return () => {
        waiting.delete(one)
        cancel()
      }
    },
    jump(ms) {
      aheadMs += ms
      for (const one of [...waiting].toSorted((a, b) => a.atMs - b.atMs)) if (one.atMs <= monotonicMs()) one.run()
    },
  }
}

interface Told {
  readonly type: string
  readonly object: { readonly code?: number; readonly metadata?: { readonly name?: string; readonly resourceVersion: string } }
}

/** The events of a watch, one after the other; `undefined` at its end. */
async function watch(server: TestServer, query: string): Promise<() => Promise<Told | undefined>> {
  const answer = await server.raw(`GET /api/v1/namespaces/x/configmaps?watch=1&${query}`)
  if (answer.kind !== 'stream') throw new Error('no watch')
  const chunks = answer.chunks[Symbol.asyncIterator]()
  const told: Told[] = []
  return async () => {
    while (told.length === 0) {
      const chunk = await chunks.next()
      if (chunk.done === true) return undefined
      told.push(...String(chunk.value).trimEnd().split('\n').map((line) => JSON.parse(line) as Told))
    }
    return told.shift()
  }
}

const revisionOf = (told: Told | undefined): number => Number(told?.object.metadata?.resourceVersion)

const MINUTE_MS = 60_000
const WRITES_A_MINUTE = 30
const FILLER = 'x'.repeat(10_000)

test('it is told each minute how far it has come, holds no memory, and goes on at another server from there; at the end of its time it ends', async () => {
  const storage = createMemoryStorage()
  const clock = jumpingClock()
  const server = await startTestServer(storage, { clock })
  onTestFinished(() => server.stop())
  await server.client.create(namespaces, { metadata: { name: 'busy' } })
  const begin = await server.client.create(configMaps, { metadata: { name: 'counter', namespace: 'busy' } })
  const next = await watch(server, `allowWatchBookmarks=true&timeoutSeconds=3600&resourceVersion=${begin.metadata.resourceVersion}`)

  let last: Told | undefined
  let heldBefore = 0
  for (let minute = 1; minute < 60; minute++) {
    // It waits already while others write.
    const told = next()
    let written = ''
    for (let write = 0; write < WRITES_A_MINUTE; write++) written = (await server.client.update(configMaps, { metadata: { name: 'counter', namespace: 'busy' }, data: { at: `${minute}.${write}`, filler: FILLER + minute } })).metadata.resourceVersion ?? ''
    clock.jump(MINUTE_MS)
    last = await told
    expect(last?.type).toBe('BOOKMARK')
    expect(revisionOf(last)).toBeGreaterThanOrEqual(Number(written))
    await storage.compact(await storage.currentRevision())
    if (minute === 15) heldBefore = heldBytes()
  }
  // More than a thousand writes of ten kilobytes: their texts alone would be more.
  expect(heldBytes() - heldBefore).toBeLessThan(5_000_000)

  const other = await startTestServer(storage)
  onTestFinished(() => other.stop())
  const resumed = await watch(other, `resourceVersion=${revisionOf(last)}`)
  const forgotten = await watch(other, `resourceVersion=${begin.metadata.resourceVersion}`)
  expect(await forgotten()).toMatchObject({ type: 'ERROR', object: { code: 410 } })
  await server.client.create(configMaps, { metadata: { name: 'mine', namespace: 'x' } })
  const change = { type: 'ADDED', object: { metadata: { name: 'mine' } } }
  expect([await next(), await resumed()]).toMatchObject([change, change])

  const end = next()
  clock.jump(MINUTE_MS)
  expect(await end).toBeUndefined()
})

test('one that has named no end ends after an hour at the latest', async () => {
  const clock = jumpingClock()
  const server = await startTestServer(createMemoryStorage(), { clock })
  onTestFinished(() => server.stop())
  const next = await watch(server, `resourceVersion=${(await server.client.list(configMaps, { namespace: 'x' })).resourceVersion}`)
  const end = next()
  expect(await Promise.race([end, server.client.list(configMaps, { namespace: 'x' }).then(() => 'goes on')])).toBe('goes on')
  clock.jump(29 * MINUTE_MS)
  expect(await Promise.race([end, server.client.list(configMaps, { namespace: 'x' }).then(() => 'goes on')])).toBe('goes on')
  clock.jump(31 * MINUTE_MS)
  expect(await end).toBeUndefined()
})
