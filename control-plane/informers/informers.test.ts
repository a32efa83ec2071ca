import { expect, test } from 'vitest'
import { ApiError } from '../../shared/kit/api-error.ts'
import { channel, type Channel } from '../../shared/kit/channel.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { silentLog } from '../../shared/kit/log.ts'
import type { ConfigMap } from '../../shared/model/gen/api.ts'
import { configMaps } from '../../shared/model/resources.ts'
import type { ApiClient, WatchChange } from '../client/port.ts'
import { createInformers } from './informers.ts'

function handClock(): Clock & { advance(ms: number): Promise<void> } {
  let now = 0
  let due: Array<{ readonly at: number; readonly run: () => void }> = []
  return {
    nowMs: () => now,
    monotonicMs: () => now,
    after(delayMs, run) {
      const timer = { at: now + delayMs, run }
      due.push(timer)
      return () => void (due = due.filter((one) => one !== timer))
    },
    async advance(ms) {
      now += ms
      const ripe = due.filter((one) => one.at <= now)
      due = due.filter((one) => one.at > now)
      for (const timer of ripe) timer.run()
      await settle()
    },
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve()
}

const configMap = (name: string, resourceVersion: string, labels: Record<string, string> = {}): ConfigMap => ({ metadata: { name, namespace: 'ns', uid: `uid-${name}`, resourceVersion, labels } })

/** Answers lists with `items`, and hands out the ends of the watches that were opened. */
function scriptedClient(): { client: ApiClient; lists: Array<() => { items: ConfigMap[]; resourceVersion: string }>; watches: Array<{ from: string; changes: Channel<WatchChange<ConfigMap>> }> } {
  const lists: Array<() => { items: ConfigMap[]; resourceVersion: string }> = []
  const watches: Array<{ from: string; changes: Channel<WatchChange<ConfigMap>> }> = []
  const client = {
    list: () => {
      const answer = lists.shift()
      if (!answer) return Promise.reject(new Fault('unavailable', 'nobody is home'))
      return Promise.resolve().then(answer)
    },
    watch: (_resource: unknown, options: { resourceVersion: string; signal: AbortSignal }) => {
      const changes = channel<WatchChange<ConfigMap>>()
      watches.push({ from: options.resourceVersion, changes })
      options.signal.addEventListener('abort', () => changes.close(), { once: true })
      return changes
    },
  }
  return { client: client as unknown as ApiClient, lists, watches }
}

function start() {
  const scripted = scriptedClient()
  const clock = handClock()
  const informers = createInformers({ client: scripted.client, clock, log: silentLog })
  const informer = informers.for(configMaps)
  const heard: string[] = []
  informer.subscribe((change) => heard.push(`${change.before ? (change.after ? 'changed' : 'removed') : 'added'} ${change.key}`))
  const end = new AbortController()
  const ended = informers.run(end.signal)
  return { ...scripted, clock, informers, informer, heard, end, ended }
}

test('lists, then follows the watch from there', async () => {
  const { lists, watches, informer, heard, end, ended } = start()
  lists.push(() => ({ items: [], resourceVersion: '0' }))
  lists.length = 0
  end.abort()
  await ended
  expect([heard, informer.hasSynced(), watches.length]).toEqual([[], false, 0])
})

test('a list that fails is tried again with back-off; then changes are told in order', async () => {
  const { lists, watches, informer, heard, clock } = start()
  await settle()
  lists.push(() => ({ items: [configMap('a', '1')], resourceVersion: '5' }))
  await clock.advance(20)
  expect([heard, informer.hasSynced(), watches[0]?.from]).toEqual([['added ns/a'], true, '5'])
  watches[0]?.changes.push({ type: 'ADDED', object: configMap('b', '6') })
  watches[0]?.changes.push({ type: 'MODIFIED', object: configMap('a', '7') })
  watches[0]?.changes.push({ type: 'DELETED', object: configMap('b', '8') })
  await settle()
  expect(heard).toEqual(['added ns/a', 'added ns/b', 'changed ns/a', 'removed ns/b'])
  expect(informer.resourceVersion).toBe('8')
})

async function synced() {
  const started = start()
  await settle()
  started.lists.push(() => ({ items: [configMap('a', '1', { app: 'x' }), configMap('b', '2', { app: 'x' })], resourceVersion: '5' }))
  await started.clock.advance(20)
  return started
}

test('a watch that breaks is resumed where it was', async () => {
  const { watches, clock } = await synced()
  watches[0]?.changes.push({ type: 'BOOKMARK', resourceVersion: '9' })
  watches[0]?.changes.close(new Fault('unavailable', 'the link went away'))
  await settle()
  expect(watches.length).toBe(1)
  await clock.advance(20)
  expect([watches.length, watches[1]?.from]).toEqual([2, '9'])
})

test('410 lists again at once and tells only the difference', async () => {
  const { lists, watches, heard } = await synced()
  lists.push(() => ({ items: [configMap('b', '2', { app: 'x' }), configMap('c', '11')], resourceVersion: '12' }))
  watches[0]?.changes.push({ type: 'BOOKMARK', resourceVersion: '6' })
  watches[0]?.changes.close(new ApiError({ code: 410, reason: 'Expired', metadata: {} }))
  await settle()
  expect(heard.slice(2)).toEqual(['removed ns/a', 'added ns/c'])
  expect(watches[1]?.from).toBe('12')
})

test('a watch that ends without a word does not spin', async () => {
  const { watches, clock } = await synced()
  watches[0]?.changes.close()
  await settle()
  expect(watches.length).toBe(1)
  await clock.advance(40)
  expect(watches.length).toBe(2)
  watches[1]?.changes.close()
  await settle()
  await clock.advance(79)
  expect(watches.length).toBe(2)
  await clock.advance(1)
  expect(watches.length).toBe(3)
})

test('indexes follow the objects', async () => {
  const { watches, informer } = await synced()
  const byApp = (object: ConfigMap): readonly string[] => Object.values(object.metadata.labels ?? {})
  informer.addIndex('app', byApp)
  informer.addIndex('app', byApp)
  expect(informer.byIndex('app', 'x').map((one) => one.metadata.name)).toEqual(['a', 'b'])
  watches[0]?.changes.push({ type: 'MODIFIED', object: configMap('a', '7', { app: 'y' }) })
  watches[0]?.changes.push({ type: 'DELETED', object: configMap('b', '8') })
  await settle()
  expect([informer.byIndex('app', 'x').length, informer.byIndex('app', 'y').length]).toEqual([0, 1])
})

test('a listener that throws harms nobody; a new one hears of what is there; one that left hears nothing', async () => {
  const { watches, informer, heard } = await synced()
  const leave = informer.subscribe(() => {
    throw new Error('a bug')
  })
  const late: string[] = []
  const stop = informer.subscribe((change) => late.push(change.key))
  stop()
  watches[0]?.changes.push({ type: 'ADDED', object: configMap('z', '7') })
  await settle()
  leave()
  expect([late, heard.at(-1)]).toEqual([['ns/a', 'ns/b'], 'added ns/z'])
})

test('an informer asked for while they run is run too, and everything ends with the signal', async () => {
  const { lists, informers, end, ended } = await synced()
  lists.push(() => ({ items: [configMap('q', '1')], resourceVersion: '5' }))
  const late = informers.for({ ...configMaps, plural: 'others' })
  await late.whenSynced(end.signal)
  expect(late.size).toBe(1)
  end.abort()
  await ended
})

test('they can be run again, and are synced again only when they have listed again', async () => {
  const { lists, informers, informer, heard, clock, end, ended } = await synced()
  end.abort()
  await ended
  const next = new AbortController()
  const again = informers.run(next.signal)
  expect(informer.hasSynced()).toBe(false)
  await settle()
  lists.push(() => ({ items: [configMap('b', '3')], resourceVersion: '9' }))
  await clock.advance(80)
  expect([informer.hasSynced(), heard.slice(2)]).toEqual([true, ['removed ns/a', 'changed ns/b']])
  next.abort()
  await again
})
