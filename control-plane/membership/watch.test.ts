/** The whole of the leader's half over memory storage, with agents that beat. */
import { expect, test } from 'vitest'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import { DEFAULT_TERMS } from '../../shared/model/fencing-terms.ts'
import { nodes } from '../../shared/model/resources.ts'
import { world } from '../controllers/testing.ts'
import type { Storage, Write } from '../storage/port.ts'
import { createMemoryStorage } from '../storage/storage.ts'
import { fencedAt, join, kinds, lead, proxied } from './testing.ts'
import { DELETED_GRACE_MS } from './watch.ts'

test('who is admitted is stored before it is acked, and older epochs go when all have acked the newest', async () => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  expect(led.watch.stateOf('n1').kind).toBe('no-agent')
  await join(led, 'n1', 'n2', 'n3')
  expect(kinds(led, 'n1', 'n2', 'n3')).toEqual(['seen', 'seen', 'seen'])
  const record = await led.record()
  expect(record?.inUse).toMatchObject([{ members: ['n1', 'n2', 'n3'] }])
  expect(record?.bootIds).toEqual({ n1: 'boot-1', n2: 'boot-1', n3: 'boot-1' })
  expect(led.agent('n1').epoch).toBe(record?.inUse[0]?.epoch)
})

test('a silent node is fenced: stored, told in words, and admitted again only when nothing is left', async () => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  await join(led, 'n1', 'n2', 'n3')
  const seen: string[] = []
  led.watch.onChange((name) => void (name === 'n2' && seen.push(led.watch.stateOf(name).kind)))
  led.agent('n2').close()
  await here.clock.advance(1_400)
  expect(seen).toEqual(['silent', 'fenced'])
  expect(await led.record()).toMatchObject({ bootIds: { n1: 'boot-1', n3: 'boot-1' }, fenced: { n2: { evidence: { kind: 'lease-ended', seen: 2, of: 3 } } } })
  await here.clock.advance(200)
  expect(led.told('NodeFenced')[0]).toMatch(/^n2: no heartbeat for 1\.[23] s; 2 of 3 members seen; fenced at \d\d:\d\d:\d\d\.\d{3}$/)
  led.agent('n2').connect(led.heartbeats, { instance: 'again' })
  await here.clock.advance(1_000)
  expect(kinds(led, 'n2')).toEqual(['fenced'])
  await expect(led.watch.admit('n2', 'boot-1')).rejects.toMatchObject({ code: 'conflict' })
  await led.watch.admit('n2', 'boot-1', fencedAt(led, 'n2'))
  await here.clock.advance(500)
  expect([kinds(led, 'n2'), (await led.record())?.fenced]).toEqual([['seen'], {}])
  expect(led.told('NodeAdmitted').filter((text) => /^n2: registered and nothing is left .* it may run pods again from/.test(text)).length).toBe(1)
})

test('a verdict that cannot be stored is not acted upon', async () => {
  await using here = world()
  await here.start()
  const real = createMemoryStorage()
  let isShut = false
  const storage: Storage = { ...proxied(real), write: (write: Write) => (isShut ? new Promise(() => {}) : real.write(write)) }
  const led = await lead(here, { storage })
  await join(led, 'n1', 'n2', 'n3')
  isShut = true
  led.agent('n2').close()
  await here.clock.advance(5_000)
  expect(kinds(led, 'n2')).toEqual(['silent'])
})

/** Found by the simulation (seed 257): the record said admitted, the heartbeats said fenced, and nothing came of it any more. */
test('a verdict that is stored late is not undone by an admission that was asked for meanwhile', async () => {
  await using here = world()
  await here.start()
  const real = createMemoryStorage()
  let isAway = false
  const storage: Storage = { ...proxied(real), write: (write: Write) => (isAway ? Promise.reject(new Fault('unavailable', 'away')) : real.write(write)) }
  const led = await lead(here, { storage })
  await join(led, 'n1', 'n2', 'n3')
  isAway = true
  led.agent('n2').close()
  await here.clock.advance(3_000)
  const admission = led.watch.admit('n2', 'boot-2').then(() => 'admitted', messageOf)
  isAway = false
  await here.clock.advance(2_000)
  expect([await admission, kinds(led, 'n2')]).toEqual(['node "n2" was given up while it was being admitted', ['fenced']])
  expect((await led.record())?.fenced).toMatchObject({ n2: { evidence: { kind: 'lease-ended' } } })
  await led.watch.admit('n2', 'boot-2', fencedAt(led, 'n2'))
  led.agent('n2').connect(led.heartbeats, { bootId: 'boot-2', instance: 'again' })
  await here.clock.advance(3_000)
  expect(kinds(led, 'n2')).toEqual(['seen'])
})

test('a verdict that is being stored stands although the thread that gave it begins anew', async () => {
  await using here = world()
  await here.start()
  const real = createMemoryStorage()
  let isAway = false
  const storage: Storage = { ...proxied(real), write: (write: Write) => (isAway ? Promise.reject(new Fault('unavailable', 'away')) : real.write(write)) }
  const led = await lead(here, { storage })
  await join(led, 'n1', 'n2', 'n3')
  isAway = true
  led.agent('n2').close()
  await here.clock.advance(2_000)
  led.watch.onRestart()
  led.agent('n2').connect(led.heartbeats, { instance: 'again' })
  await here.clock.advance(1_000)
  expect([led.agent('n2').isAcked(), led.agent('n1').isAcked(), kinds(led, 'n2')]).toEqual([false, true, ['silent']])
  isAway = false
  await here.clock.advance(1_000)
  expect([led.agent('n2').isAcked(), kinds(led, 'n2')]).toEqual([false, ['fenced']])
})

test('who was given up for its lapses is told why, and admitted only by a session that has gone on for long enough', async () => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  const { watch } = led
  await join(led, 'n1', 'n2', 'n3')
  for (let life = 0; life < 4 && watch.stateOf('n2').kind !== 'fenced'; life++) {
    led.agent('n2').close()
    await here.clock.advance(1_100)
    led.agent('n2').connect(led.heartbeats, { instance: `life ${life}` })
    await here.clock.advance(50)
  }
  led.agent('n2').close()
  await here.clock.advance(400)
  expect(led.told('NodeFenced')[0]).toMatch(/^n2: no heartbeat for 1\.\d s; 2 of 3 members seen; fenced at \d\d:\d\d:\d\d\.\d{3}; its pods have lost their right 3 times within \d\.\d s \(does its agent crash in a loop\?\): admitted again when its agent has been steady for 3\.0 s$/)
  watch.setSession('n2', false)
  const admitted: string[] = []
  const admit = (life: string): void => {
    watch.setSession('n2', true)
    led.agent('n2').connect(led.heartbeats, { instance: life })
    watch.admit('n2', 'boot-1', fencedAt(led, 'n2')).then(() => admitted.push(life), (error: unknown) => admitted.push(messageOf(error)))
  }
  admit('too short')
  await here.clock.advance(2_000)
  watch.setSession('n2', false)
  admit('long enough')
  await here.clock.advance(2_500)
  expect([kinds(led, 'n2'), admitted]).toEqual([['fenced'], ['node "n2" was given up for its lapses, and its agent has not been steady for 3.0 s since']])
  await here.clock.advance(1_000)
  expect([kinds(led, 'n2'), admitted.at(-1)]).toEqual([['seen'], 'long enough'])
})

test('a leader after this one knows who is a member and who is fenced', async () => {
  await using here = world()
  await here.start()
  const before = await lead(here)
  await join(before, 'n1', 'n2', 'n3')
  before.agent('n2').close()
  await here.clock.advance(2_000)
  await before.end()
  const led = await lead(here, { storage: before.storage, heartbeats: before.heartbeats })
  for (const name of ['n1', 'n3']) led.watch.setSession(name, true)
  expect(kinds(led, 'n1', 'n2', 'n3')).toEqual(['silent', 'fenced', 'silent'])
  await here.clock.advance(500)
  expect(kinds(led, 'n1', 'n2', 'n3')).toEqual(['seen', 'fenced', 'seen'])
  expect(led.told('LeaderElected').at(-1)).toMatch(/^cp1 leads since .*; 2 nodes are members$/)
})

test('who was given up a moment ago is not admitted by a session that does not know of it', async () => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  await join(led, 'n1', 'n2', 'n3')
  led.agent('n2').close()
  for (; kinds(led, 'n2')[0] !== 'silent'; await here.clock.advance(20));
  // Its lease ends while the admission is under way.
  const { heartbeats } = led
  heartbeats.admit({ nodeName: 'n2', bootId: 'boot-1' })
  await here.clock.advance(1_300)
  heartbeats.admit({ nodeName: 'n2', bootId: 'boot-1' })
  await here.clock.advance(100)
  expect(kinds(led, 'n2')).toEqual(['fenced'])
})

test('two of three silent: nothing is decided, people are told, and a person’s word decides', async () => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  await join(led, 'n1', 'n2', 'n3')
  await here.clock.advance(6_000)
  led.agent('n2').close()
  led.agent('n3').close()
  await here.clock.advance(4_000)
  expect(led.watch.stateOf('n2')).toMatchObject({ kind: 'silent', undecided: { seen: 1, of: 3 } })
  expect(led.told('NodeSilent')[0]).toMatch(/^n[23]: no heartbeat for 1\.[23] s; 1 of 3 members seen, fewer than half: not decided; its pods stay until it is back, rebooted, or confirmed dead \(gantry node confirm-dead n[23]\)$/)
  expect(led.told('ControlPlaneBlind')[0]).toMatch(/^fewer than half of the nodes are seen since .* it may be cp1 that is cut off, so no node is given up$/)
  const confirm = (name: string) =>
    here.client.patch(nodes, { name }, { type: 'merge', body: { metadata: { annotations: { 'gantry.dev/confirmed-dead-by': 'ann at 2030-01-01T00:00:00Z' } }, spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }] } } })
  await confirm('n2')
  await here.clock.advance(200)
  expect(kinds(led, 'n2')).toEqual(['fenced'])
  expect(led.told('NodeFenced').find((text) => text.startsWith('n2'))).toMatch(/^n2: confirmed dead by ann; fenced at /)
  // It may decide by the epoch of three still: nobody has told it of another.
  await here.clock.advance(3_000)
  expect(kinds(led, 'n3')).toEqual(['silent'])
  await confirm('n3')
  await here.clock.advance(300)
  expect(kinds(led, 'n3')).toEqual(['fenced'])
  expect(led.told('ControlPlaneSees').length).toBe(1)
})

test('the taint on a node that lives says nothing of a later silence; put on it anew it does', async () => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  await join(led, 'n1', 'n2', 'n3')
  await here.clock.advance(6_000)
  const taint = (timeAdded: string) => here.client.patch(nodes, { name: 'n2' }, { type: 'merge', body: { spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute', timeAdded }] } } })
  await taint('2030-01-01T00:00:00Z')
  await here.clock.advance(1_000)
  led.agent('n2').close()
  led.agent('n3').close()
  await here.clock.advance(5_000)
  expect(kinds(led, 'n2')).toEqual(['silent'])
  await taint('2030-01-01T00:01:00Z')
  await here.clock.advance(100)
  expect(kinds(led, 'n2')).toEqual(['fenced'])
})

test.each(['gantry.dev/fenced', 'gantry.dev/confirmed-dead-by'])('the taint of a node that was given up is nobody’s word when it is silent again before it goes (%s)', async (annotation) => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  await join(led, 'n1', 'n2', 'n3')
  await here.clock.advance(6_000)
  led.agent('n2').close()
  await here.clock.advance(1_500)
  expect(kinds(led, 'n2')).toEqual(['fenced'])
  await here.client.patch(nodes, { name: 'n2' }, { type: 'merge', body: { metadata: { annotations: { [annotation]: 'ann at 2030-01-01T00:00:00Z' } }, spec: { taints: [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute', timeAdded: '2030-01-01T00:00:00Z' }] } } })
  led.agent('n2').connect(led.heartbeats, { instance: 'again' })
  await led.watch.admit('n2', 'boot-1', fencedAt(led, 'n2'))
  // Both go before it has been seen: a control plane that sees one of three decides nothing.
  led.agent('n2').close()
  led.agent('n3').close()
  await here.clock.advance(5_000)
  expect(kinds(led, 'n2')).toEqual(['silent'])
  expect(led.told('NodeFenced').filter((text) => text.includes('confirmed'))).toEqual([])
})

/** The storage was put back to what it held long ago: agents decide by epochs that are not known there, and take no older one over. */
test('agents that know newer epochs than the storage does are acked under one that is newer still', async () => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  for (const name of ['n1', 'n2', 'n3']) led.agent(name).epoch = 40
  await join(led, 'n1', 'n2', 'n3')
  await here.clock.advance(1_000)
  expect(kinds(led, 'n1', 'n2', 'n3')).toEqual(['seen', 'seen', 'seen'])
  expect(['n1', 'n2', 'n3'].map((name) => led.agent(name).isAcked())).toEqual([true, true, true])
  const record = await led.record()
  expect(record?.inUse.map(({ members }) => members)).toEqual([['n1', 'n2', 'n3']])
  expect(record?.inUse.at(-1)?.epoch).toBe(41)
})

test('a machine that is back with a new boot id before it is given up keeps its pods', async () => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  await join(led, 'n1', 'n2', 'n3')
  led.agent('n2').close()
  await here.clock.advance(400)
  led.agent('n2').connect(led.heartbeats, { bootId: 'boot-2', instance: 'after the boot' })
  await here.clock.advance(200)
  await led.watch.admit('n2', 'boot-2')
  await here.clock.advance(1_500)
  expect(kinds(led, 'n2')).toEqual(['seen'])
  expect([led.told('NodeFenced'), led.told('NodeRebooted')[0]]).toEqual([[], expect.stringMatching(/^n2: booted anew \(boot id boot-1, now boot-2\), so nothing of before runs; back before it was given up: its pods start again in place/)])
})

test('a machine that is back with a new boot id is not given up while its agent has a session, however slowly it is admitted', async () => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  await join(led, 'n1', 'n2', 'n3')
  led.agent('n2').close()
  led.watch.setSession('n2', false)
  await here.clock.advance(400)
  led.agent('n2').connect(led.heartbeats, { bootId: 'boot-2', instance: 'after the boot' })
  led.watch.setSession('n2', true, 'boot-2')
  await here.clock.advance(10_000)
  await led.watch.admit('n2', 'boot-2')
  await here.clock.advance(1_500)
  expect([kinds(led, 'n2'), led.told('NodeFenced')]).toEqual([['seen'], []])
  expect(led.told('NodeRebooted')).toEqual([expect.stringContaining('its pods start again in place')])
})

test('who speaks for a node under another boot id has no say before what was granted under the first is over', async () => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  await join(led, 'n1', 'n2', 'n3')
  let refusal = ''
  const asMachine = async (bootId: string): Promise<number> => {
    const sinceMs = here.clock.monotonicMs()
    let tookMs = Number.NaN
    led.watch.whenGrantsAreOver('n2', bootId, new AbortController().signal).then(
      () => (tookMs = here.clock.monotonicMs() - sinceMs),
      (error: unknown) => (refusal = messageOf(error)),
    )
    await here.clock.advance(3_000)
    return tookMs
  }
  expect(await asMachine('boot-1')).toBeLessThan(50)
  // The first lives: the second does not wait for ever, since its session would stand in the way of the first one's next.
  expect(await asMachine('boot-2')).toBeNaN()
  expect(refusal).toBe('another agent is registered as node "n2" (boot id boot-1): give this one another name, or stop that one')
  expect(led.told('NodeDoubled')[0]).toContain('an agent with boot id boot-2 was refused: ')
  led.agent('n2').close()
  await here.clock.advance(400)
  led.agent('n2').connect(led.heartbeats, { bootId: 'boot-2', instance: 'another machine' })
  const tookMs = await asMachine('boot-2')
  expect(tookMs).toBeGreaterThan(DEFAULT_TERMS.leaseMs - 600)
  expect(tookMs).toBeLessThanOrEqual(DEFAULT_TERMS.leaseMs)
  expect(led.told('NodeFenced')).toEqual([])
})

test('a thread that begins anew is told everything again', async () => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  await join(led, 'n1', 'n2', 'n3')
  led.watch.onRestart()
  await here.clock.advance(500)
  expect(kinds(led, 'n1', 'n2', 'n3')).toEqual(['seen', 'seen', 'seen'])
})

test('before a leader knows which Node objects there are it acks and judges, and forgets nobody', async () => {
  await using here = world()
  await here.start()
  const before = await lead(here)
  await join(before, 'n1', 'n2', 'n3')
  await before.end()
  for (const name of ['n2', 'n3']) await here.client.delete(nodes, { name })
  await here.clock.advance(100)
  const led = await lead(here, { storage: before.storage, heartbeats: before.heartbeats, isBehind: true })
  for (const name of ['n1', 'n2', 'n3']) led.watch.setSession(name, true)
  await here.clock.advance(DELETED_GRACE_MS)
  before.agent('n2').close()
  await here.clock.advance(DELETED_GRACE_MS)
  expect(kinds(led, 'n1', 'n2', 'n3')).toEqual(['seen', 'fenced', 'seen'])
  expect(Object.keys((await led.record())?.fenced ?? {})).toEqual(['n2'])
  led.watch.knowsNodes()
  await here.clock.advance(DELETED_GRACE_MS + 3_000)
  expect(kinds(led, 'n1', 'n3')).toEqual(['seen', 'fenced'])
  expect((await led.record())?.fenced).toEqual({})
})
