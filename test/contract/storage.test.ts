import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { describeStorage } from '../../control-plane/storage/contract.ts'
import { committed, eventsAfter, faulty, put, remove } from '../../control-plane/storage/contract-room.ts'
import { eventKey, eventRevision, modRevisionOf } from '../../control-plane/storage/events.ts'
import type { EventBatch, Storage, StorageEvent } from '../../control-plane/storage/port.ts'
import { createEtcdStorage } from '../../control-plane/storage/etcd.ts'
import { createWatchCache } from '../../control-plane/storage/storage.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { isFault } from '../../shared/kit/faults.ts'
import { createAuthority, issueCertificate, type CertificateUsage } from '../../shared/kit/pki.ts'
import { startEtcd, type TestEtcd } from './etcd.ts'
import { linkTo } from './link.ts'

const PREFIX = '/gantry/core/pods/'
let etcd: TestEtcd
beforeAll(async () => {
  etcd = await startEtcd()
})
afterAll(async () => {
  await etcd[Symbol.asyncDispose]()
})
const open = (on: TestEtcd, maxTxnOps = 2048): Storage => createEtcdStorage({ endpoints: [on.endpoint], maxTxnOps })

describeStorage('etcd storage', () => Promise.resolve(open(etcd)))
describeStorage('etcd storage, one write a transaction', () => Promise.resolve(open(etcd, 4)))

describe('group commit', () => {
  test('many writes at once take few revisions', async () => {
    await using storage = open(etcd)
    const before = modRevisionOf(await storage.currentRevision())
    await Promise.all(Array.from({ length: 1000 }, (_, n) => committed(put(storage, `${PREFIX}many/${n}`, '{}'))))
    const between = modRevisionOf(await storage.currentRevision())
    expect(between - before).toBeLessThan(20)
    await Promise.all(Array.from({ length: 1000 }, (_, n) => committed(remove(storage, `${PREFIX}many/${n}`))))
    expect(modRevisionOf(await storage.currentRevision()) - between).toBeLessThan(40)
  })

  test('a server that allows fewer operations is found out, and nothing is lost by it', async () => {
    await using small = await startEtcd({ maxTxnOps: 128 })
    await using storage = open(small)
    await Promise.all(Array.from({ length: 600 }, (_, n) => committed(put(storage, `${PREFIX}few/${n}`, '{}', { kind: 'absent' }))))
    expect((await storage.list(`${PREFIX}few/`)).entries).toHaveLength(600)
  })

  test('large values are split by size; one that is too large is refused alone', async () => {
    await using storage = open(etcd)
    const large = JSON.stringify({ text: 'x'.repeat(400_000) })
    await Promise.all(Array.from({ length: 8 }, (_, n) => committed(put(storage, `${PREFIX}large/${n}`, large))))
    const tooLarge = put(storage, `${PREFIX}large/x`, JSON.stringify({ text: 'x'.repeat(3_000_000) }))
    const small = put(storage, `${PREFIX}large/y`, '{}')
    await expect(tooLarge).rejects.toSatisfy(faulty('invalid'))
    await committed(small)
  })

  test('a caller who gives up leaves the others alone', async () => {
    await using storage = open(etcd)
    const abort = new AbortController()
    const given = storage.write({ kind: 'put', key: `${PREFIX}up/a`, value: '{}', expect: { kind: 'any' } }, abort.signal)
    const other = put(storage, `${PREFIX}up/b`, '{}')
    abort.abort()
    await expect(given).rejects.toSatisfy(faulty('cancelled'))
    await committed(other)
  })
})

describe('etcd is killed', () => {
  test('a watch loses and repeats nothing over several kills under load, and every acknowledged write is there', async () => {
    await using own = await startEtcd()
    await using storage = open(own)
    const after = await storage.currentRevision()
    const seen: StorageEvent[] = []
    const abort = new AbortController()
    const watching = (async () => {
      for await (const batch of storage.watch(PREFIX, { after, signal: abort.signal })) seen.push(...batch.events)
    })()
    const acknowledged = new Map<string, number>()
    let faults = 0
    let stop = false
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; !stop; n++) {
        const key = `${PREFIX}load/${writer}-${n}`
        try {
          acknowledged.set(key, await committed(put(storage, key, '{}')))
        } catch (error) {
          if (!isFault(error, 'unavailable') && !isFault(error, 'timeout')) throw error
          faults++
          await pause(20)
        }
      }
    })
    for (let kill = 0; kill < 3; kill++) {
      await pause(200)
      await own.kill()
      await pause(100)
      await own.start()
    }
    await pause(200)
    stop = true
    await Promise.all(writers)
    const all = await storage.list(PREFIX)
    await until(() => seen.length >= all.entries.length)
    abort.abort()
    await watching
    expect(faults).toBeGreaterThan(0)
    const listed = new Map(all.entries.map((entry) => [entry.key, entry.revision]))
    expect(seen).toHaveLength(listed.size)
    expect(new Map(seen.map((event) => [eventKey(event), eventRevision(event)]))).toEqual(listed)
    for (const [key, revision] of acknowledged) expect(listed.get(key)).toBe(revision)
  })

  test('an etcd that comes back without its newest state is noticed: watches are gone, a cache lists again', async () => {
    await using own = await startEtcd()
    await using storage = open(own)
    for (let n = 0; n < 20; n++) await committed(put(storage, `${PREFIX}old/${n}`, '{}'))
    const cache = createWatchCache({ storage, prefix: PREFIX, clock: systemClock })
    const abort = new AbortController()
    const running = cache.run(abort.signal)
    await cache.whenReady()
    const watching = expect(eventsOf(storage.watch(PREFIX, { after: await storage.currentRevision(), signal: abort.signal }))).rejects.toSatisfy(faulty('gone'))
    await own.kill()
    await own.wipe()
    await own.start()
    await watching
    await until(() => cache.list(PREFIX).length === 0)
    await cache.waitFor(await committed(put(storage, `${PREFIX}new/a`, '{}')))
    abort.abort()
    await running
  })

  test('from the first answer of an older state on nobody is answered from what a cache held before', async () => {
    await using own = await startEtcd()
    await using storage = open(own)
    for (let n = 0; n < 20; n++) await committed(put(storage, `${PREFIX}old/${n}`, '{}'))
    const cache = createWatchCache({ storage, prefix: PREFIX, clock: systemClock })
    const abort = new AbortController()
    const running = cache.run(abort.signal)
    await cache.whenReady()
    await own.kill()
    await own.wipe()
    await own.start()
    await until(() => storage.currentRevision().then(() => true, () => false))
    // What a read does that is answered from the cache.
    expect(cache.revision === 0 || cache.list(PREFIX).length === 0).toBe(true)
    await cache.whenReady()
    expect(cache.list(PREFIX)).toEqual([])
    abort.abort()
    await running
  })

  test('a storage made while etcd is away works when it comes', async () => {
    await using own = await startEtcd()
    await own.kill()
    await using storage = open(own)
    await expect(storage.currentRevision()).rejects.toSatisfy(faulty('unavailable'))
    const cache = createWatchCache({ storage, prefix: PREFIX, clock: systemClock })
    const abort = new AbortController()
    const running = cache.run(abort.signal)
    await own.start()
    await cache.whenReady()
    await until(() => storage.currentRevision().then(() => true, () => false))
    await cache.waitFor(await committed(put(storage, `${PREFIX}late/a`, '{}')))
    expect(cache.get(`${PREFIX}late/a`)).toBeDefined()
    abort.abort()
    await running
  })

})

describe('the connection is lost', () => {
  test('what happened meanwhile comes afterwards', async () => {
    await using link = await linkTo(etcd.endpoint)
    await using storage = createEtcdStorage({ endpoints: [link.endpoint], maxTxnOps: 2048 })
    await using other = open(etcd)
    const abort = new AbortController()
    const seen: StorageEvent[] = []
    const { revision: after } = await storage.list(PREFIX)
    const watching = (async () => {
      for await (const batch of storage.watch(PREFIX, { after, signal: abort.signal })) seen.push(...batch.events)
    })()
    const written: number[] = []
    for (let round = 0; round < 3; round++) {
      written.push(await committed(put(other, `${PREFIX}lost/a`, `{"n":${round}}`)))
      link.cut()
      written.push(...(await Promise.all(Array.from({ length: 100 }, (_, n) => committed(put(other, `${PREFIX}lost/${n}`, '{}'))))))
      link.mend()
    }
    await until(() => seen.length >= written.length)
    abort.abort()
    await watching
    expect(seen.map(eventRevision)).toEqual(written.sort((a, b) => a - b))
  })

  test('history compacted away meanwhile is gone', async () => {
    await using own = await startEtcd()
    await using link = await linkTo(own.endpoint)
    await using storage = createEtcdStorage({ endpoints: [link.endpoint] })
    await using other = open(own)
    const abort = new AbortController()
    const { promise: isCut, resolve: cut } = Promise.withResolvers<void>()
    const after = await storage.currentRevision()
    const watching = (async () => {
      for await (const batch of storage.watch(PREFIX, { after, signal: abort.signal })) {
        if (batch.events.length === 0) continue
        link.cut()
        cut()
      }
    })()
    const gone = expect(watching).rejects.toSatisfy(faulty('gone'))
    for (let n = 0; n < 5; n++) await committed(put(other, `${PREFIX}c/${n}`, '{}'))
    await isCut
    for (let n = 0; n < 5; n++) await committed(put(other, `${PREFIX}c/${n}`, '{}'))
    await other.compact(await other.currentRevision())
    link.mend()
    await gone
  })
})

describe('watching', () => {
  test('one that begins far back catches up and goes on with the present', async () => {
    await using storage = open(etcd)
    const after = await storage.currentRevision()
    const prefix = `${PREFIX}far/`
    await using other = open(etcd)
    const abort = new AbortController()
    const present = storage.watch('/gantry/', { after, signal: abort.signal })[Symbol.asyncIterator]()
    for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 1000 }, (_, n) => committed(put(other, `${prefix}${n}`, `{"n":${round}}`))))
    await present.next()
    const events = await eventsAfter(storage, prefix, after)
    expect(events).toHaveLength(3000)
    abort.abort()
  })

  test('of a part of the keys alone sees every change there, whatever happens elsewhere, and nothing else', async () => {
    await using link = await linkTo(etcd.endpoint)
    // Of this try alone: it begins empty.
    const watched = `/gantry-part-${Date.now()}/a/`
    await using storage = createEtcdStorage({ endpoints: [link.endpoint], watched })
    await using other = open(etcd)
    const elsewhere = (): Promise<unknown> => Promise.all(Array.from({ length: 50 }, (_, n) => committed(put(other, `${PREFIX}part/${n}`, '{}'))))
    const written = [await committed(put(other, `${watched}first`, '{}'))]
    const abort = new AbortController()
    const seen: StorageEvent[] = []
    const { entries, revision: after } = await storage.list(watched)
    expect(entries.map((entry) => entry.revision)).toEqual(written.splice(0))
    await elsewhere()
    // From a revision that is later than all the watch has heard of.
    const later = await storage.currentRevision()
    const watching = (async () => {
      for await (const batch of storage.watch(watched, { after: later, signal: abort.signal })) seen.push(...batch.events)
    })()
    for (let round = 0; round < 3; round++) {
      await elsewhere()
      written.push(await committed(put(other, `${watched}first`, `{"n":${round}}`)))
      link.cut()
      await elsewhere()
      written.push(await committed(put(other, `${watched}${round}`, '{}')))
      link.mend()
      await until(() => seen.length === written.length)
    }
    expect(later).toBeGreaterThan(after)
    expect(seen.map(eventRevision)).toEqual(written)
    await expect(storage.watch(PREFIX, { after, signal: abort.signal })[Symbol.asyncIterator]().next()).rejects.toThrow('not under')
    abort.abort()
    await watching
  })
})

describe('where etcd is', () => {
  test('with several endpoints, one that is away is not noticed', async () => {
    await using away = await startEtcd()
    await away.kill()
    await using storage = createEtcdStorage({ endpoints: [away.endpoint, etcd.endpoint] })
    for (let n = 0; n < 10; n++) await committed(put(storage, `${PREFIX}several/${n}`, '{}'))
    expect((await storage.list(`${PREFIX}several/`)).entries).toHaveLength(10)
  })

  test('over TLS only a client with a certificate of the authority gets in', async () => {
    const authority = await createAuthority({ clock: systemClock })
    const ca = authority.certificatePem
    const issue = async (commonName: string, usages: readonly CertificateUsage[]): Promise<{ readonly cert: string; readonly key: string }> => {
      const issued = await issueCertificate(authority, { commonName, organizations: [], dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], usages, clock: systemClock })
      return { cert: issued.certificatePem, key: issued.privateKeyPem }
    }
    await using own = await startEtcd({ tls: { ca, ...(await issue('etcd', ['server', 'client'])) } })
    await using known = createEtcdStorage({ endpoints: [own.endpoint], tls: { ca, ...(await issue('control-plane', ['client'])) } })
    await committed(put(known, `${PREFIX}tls/a`, '{}'))
    await using unknown = createEtcdStorage({ endpoints: [own.endpoint], tls: { ca } })
    await expect(unknown.currentRevision()).rejects.toSatisfy(faulty('unavailable'))
  })
})

describe('out of space', () => {
  test('is exhausted', async () => {
    await using small = await startEtcd({ quotaBytes: 1 << 21 })
    await using storage = open(small)
    const value = JSON.stringify({ text: 'x'.repeat(500_000) })
    const filling = (async () => {
      for (let n = 0; n < 50; n++) await committed(put(storage, `${PREFIX}full/${n}`, value))
    })()
    await expect(filling).rejects.toSatisfy(faulty('exhausted'))
    const [removed, refused] = await Promise.allSettled([committed(remove(storage, `${PREFIX}full/0`)), committed(put(storage, `${PREFIX}full/x`, value))])
    expect([removed.status, refused.status]).toEqual(['fulfilled', 'rejected'])
  })

  test('by history alone: it is dropped, and writes are taken again without a hand; watches go on', async () => {
    await using small = await startEtcd({ quotaBytes: 1 << 21 })
    await using storage = open(small)
    const value = JSON.stringify({ text: 'x'.repeat(200_000) })
    const stop = new AbortController()
    const events: StorageEvent[] = []
    const watching = (async () => {
      for await (const batch of storage.watch(`${PREFIX}history/`, { after: await storage.currentRevision(), signal: stop.signal })) events.push(...batch.events)
    })()
    await pause(50)
    let refusals = 0
    let afterwards = 0
    for (let n = 0; n < 2_000 && afterwards < 5; n++) {
      try {
        await committed(put(storage, `${PREFIX}history/same`, value))
        if (refusals > 0) afterwards++
      } catch (error) {
        expect(faulty('exhausted')(error)).toBe(true)
        expect((error as Error).message).toMatch(/^etcd, which keeps all objects, is full: nothing can be written until there is room/)
        refusals++
        await pause(20)
      }
    }
    expect(refusals).toBeGreaterThan(0)
    expect(afterwards).toBe(5)
    await committed(put(storage, `${PREFIX}history/last`, '{}'))
    await until(() => events.some((event) => eventKeyOf(event) === `${PREFIX}history/last`))
    stop.abort()
    await watching
  })

  test('by objects: what is deleted makes room', async () => {
    await using small = await startEtcd({ quotaBytes: 1 << 21 })
    await using storage = open(small)
    const value = JSON.stringify({ text: 'x'.repeat(200_000) })
    let kept = 0
    while (await committed(put(storage, `${PREFIX}objects/${kept}`, value)).then(() => true, () => false)) kept++
    expect(kept).toBeGreaterThan(5)
    for (let n = 0; n < kept; n++) await committed(remove(storage, `${PREFIX}objects/${n}`))
    await until(() => committed(put(storage, `${PREFIX}objects/new`, value)).then(() => true, () => false))
  })
})

async function eventsOf(watch: AsyncIterable<EventBatch>): Promise<StorageEvent[]> {
  const events: StorageEvent[] = []
  for await (const batch of watch) events.push(...batch.events)
  return events
}

const eventKeyOf = (event: StorageEvent): string => (event.kind === 'put' ? event.entry.key : event.key)

const pause = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs))

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 3_000; tries++) {
    if (await holds()) return
    await pause(20)
  }
  throw new Error('it did not happen within 60 s')
}
