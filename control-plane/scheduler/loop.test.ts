import { expect, test } from 'vitest'
import { ApiError } from '../../shared/kit/api-error.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { deviceClasses, events, nodes, pods, resourceClaims } from '../../shared/model/resources.ts'
import { world, type World } from '../controllers/testing.ts'
import { createScheduler, type Scheduler } from './scheduler.ts'

const node = (name: string, cpu = '2'): Node => ({ metadata: { name, labels: { 'kubernetes.io/hostname': name } }, spec: {}, status: { allocatable: { cpu, memory: '4Gi', pods: '10' } } })
const pod = (name: string, cpu: string, more: Partial<NonNullable<Pod['spec']>> = {}): Pod => ({ metadata: { name, namespace: 'default' }, spec: { schedulerName: 'default-scheduler', containers: [{ name: 'c', resources: { requests: { cpu } } }], ...more } })

async function scheduling(at: World, client = at.client): Promise<Scheduler> {
  const scheduler = createScheduler({ client, informers: at.informers, clock: at.clock, random: seededRandom(1), log: silentLog, events: at.parts.events })
  await at.start()
  scheduler.run(new AbortController().signal).catch(() => {})
  await at.clock.advance(100)
  return scheduler
}

const nodeOf = async (at: World, name: string): Promise<string | undefined> => (await at.client.get(pods, { namespace: 'default', name })).spec?.nodeName

test('a pod is bound, with an event that says where', async () => {
  await using at = world()
  await at.client.create(nodes, node('n1'))
  await scheduling(at)
  await at.client.create(pods, pod('p', '1'))
  await at.clock.advance(500)
  expect(await nodeOf(at, 'p')).toBe('n1')
  const { items } = await at.client.list(events)
  expect(items.map(({ reason, message }) => [reason, message])).toContainEqual(['Scheduled', 'Successfully assigned default/p to n1'])
})

test('assumed pods count at once: more than fits is never bound', async () => {
  await using at = world()
  await at.client.create(nodes, node('n1'))
  await scheduling(at)
  for (let i = 0; i < 5; i++) await at.client.create(pods, pod(`p${i}`, '800m'))
  await at.clock.advance(1_000)
  const bound = (await at.client.list(pods)).items.filter((one) => one.spec?.nodeName === 'n1')
  expect(bound).toHaveLength(2)
})

test('a bind whose answer is lost may have happened: its room is given to nobody until it is tried again', async () => {
  await using at = world()
  await at.client.create(nodes, node('n1'))
  let lost = 0
  const client: typeof at.client = {
    ...at.client,
    async bind(given, nodeName, annotations) {
      if (given.name === 'first' && lost++ === 0) throw new Fault('unavailable', 'the answer was lost')
      await at.client.bind(given, nodeName, annotations)
    },
  }
  await scheduling(at, client)
  await at.client.create(pods, pod('first', '2'))
  await at.clock.advance(100)
  await at.client.create(pods, pod('second', '1'))
  await at.clock.advance(10_000)
  expect([lost, await nodeOf(at, 'first'), await nodeOf(at, 'second')]).toEqual([2, 'n1', undefined])
})

test('who does not fit is told why, and is bound when room is made', async () => {
  await using at = world()
  await at.client.create(nodes, node('n1'))
  const scheduler = await scheduling(at)
  await at.client.create(pods, pod('first', '2'))
  await at.clock.advance(200)
  const second = await at.client.create(pods, pod('second', '1'))
  await at.clock.advance(200)
  const waiting = await at.client.get(pods, { namespace: 'default', name: 'second' })
  expect(waiting.status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: expect.stringContaining('0/1 nodes are available: 1 Insufficient cpu.') as string }])
  expect(scheduler.why(second).now).toMatchObject({ nearestMiss: 'n1', verdicts: [{ kind: 'refused', by: [{ plugin: 'NodeResourcesFit', detail: 'cpu: needs 1000m, 0m of 2000m free' }] }] })
  await at.client.delete(pods, { namespace: 'default', name: 'first' }, { gracePeriodSeconds: 0 })
  await at.clock.advance(2_000)
  expect(await nodeOf(at, 'second')).toBe('n1')
})

const listens = (hostPort: number): Partial<NonNullable<Pod['spec']>> => ({ containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort }] }] })

/** Counts the tries that found no node, pod by pod. */
function countFailures(at: World): Map<string, number> {
  const failures = new Map<string, number>()
  const { record } = at.parts.events
  at.parts.events.record = (source, about, what) => {
    if (what.reason === 'FailedScheduling') failures.set(about.name ?? '', (failures.get(about.name ?? '') ?? 0) + 1)
    record.call(at.parts.events, source, about, what)
  }
  return failures
}

test('a pod whose room becomes free is bound at once, however much that did not concern it has happened', async () => {
  await using at = world()
  await at.client.create(nodes, node('n1', '100'))
  const failures = countFailures(at)
  await scheduling(at)
  await at.client.create(pods, pod('first', '1', listens(80)))
  await at.clock.advance(200)
  await at.client.create(pods, pod('second', '1', listens(80)))
  for (let i = 0; i < 40; i++) {
    await at.client.create(pods, pod(`p${i}`, '1', listens(1_000 + i)))
    await at.clock.advance(250)
    await at.client.delete(pods, { namespace: 'default', name: `p${i}` }, { gracePeriodSeconds: 0 })
    await at.clock.advance(250)
  }
  expect([await nodeOf(at, 'second'), failures.get('second')]).toEqual([undefined, 1])
  await at.client.delete(pods, { namespace: 'default', name: 'first' }, { gracePeriodSeconds: 0 })
  await at.clock.advance(20)
  expect(await nodeOf(at, 'second')).toBe('n1')
})

test('room that another took first and left again is not waited for until the back-off ends', async () => {
  await using at = world()
  await at.client.create(nodes, node('n1', '2'))
  await scheduling(at)
  await at.client.create(pods, pod('a', '2'))
  await at.clock.advance(100)
  await at.client.create(pods, pod('second', '1'))
  // It tries in vain again and again: somebody more important is always quicker.
  for (const [gone, next] of [['a', 'b'], ['b', 'c'], ['c', 'd'], ['d', 'e']] as const) {
    await at.clock.advance(20_000)
    await at.client.create(pods, pod(next, '2', { priority: 10 }))
    await at.clock.advance(2_000)
    await at.client.delete(pods, { namespace: 'default', name: gone }, { gracePeriodSeconds: 0 })
    await at.clock.advance(100)
    expect([await nodeOf(at, next), await nodeOf(at, 'second')]).toEqual(['n1', undefined])
  }
  await at.client.delete(pods, { namespace: 'default', name: 'e' }, { gracePeriodSeconds: 0 })
  await at.clock.advance(120)
  expect(await nodeOf(at, 'second')).toBe('n1')
})

test('room that was kept for a pod which cannot be bound there is given to who waits', async () => {
  await using at = world()
  await at.client.create(nodes, node('n1'))
  const asked = Promise.withResolvers<void>()
  const client: typeof at.client = {
    ...at.client,
    async bind(given, nodeName, annotations) {
      if (given.name === 'first') {
        await asked.promise
        throw new ApiError({ metadata: {}, code: 409, reason: 'Conflict', message: 'it is bound already' })
      }
      await at.client.bind(given, nodeName, annotations)
    },
  }
  await scheduling(at, client)
  await at.client.create(pods, pod('first', '2'))
  await at.clock.advance(100)
  await at.client.create(pods, pod('second', '1'))
  await at.clock.advance(100)
  asked.resolve()
  await at.clock.advance(200)
  expect(await nodeOf(at, 'second')).toBe('n1')
})

test('a pod that came back under its name while the one before was being bound is not forgotten with it', async () => {
  await using at = world()
  await at.client.create(nodes, node('n1'))
  const asked = Promise.withResolvers<void>()
  let binds = 0
  const client: typeof at.client = {
    ...at.client,
    async bind(given, nodeName, annotations) {
      if (binds++ === 0) {
        await asked.promise
        throw new ApiError({ metadata: {}, code: 409, reason: 'Conflict', message: 'another uid' })
      }
      await at.client.bind(given, nodeName, annotations)
    },
  }
  await scheduling(at, client)
  await at.client.create(pods, pod('first', '2'))
  await at.clock.advance(100)
  await at.client.delete(pods, { namespace: 'default', name: 'first' }, { gracePeriodSeconds: 0 })
  await at.client.create(pods, pod('first', '4'))
  await at.clock.advance(100)
  asked.resolve()
  await at.clock.advance(100)
  await at.client.patch(nodes, { name: 'n1' }, { type: 'merge', body: { status: { allocatable: { cpu: '8' } } }, subresource: 'status' })
  await at.clock.advance(200)
  expect(await nodeOf(at, 'first')).toBe('n1')
})

test('a pod whose claim is not there is not tried; one whose claim is there waits for a driver to offer devices', async () => {
  await using at = world()
  await at.client.create(nodes, node('n1'))
  const failures = countFailures(at)
  await scheduling(at)
  await at.client.create(pods, pod('p', '1', { resourceClaims: [{ name: 'gpu', resourceClaimName: 'mine' }] }))
  await at.client.create(pods, pod('q', '1', { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'any' }] }))
  await at.clock.advance(400_000)
  const stored = async (name: string): Promise<Pod> => await at.client.get(pods, { namespace: 'default', name })
  expect([(await stored('p')).status, (await stored('q')).status, failures.size]).toEqual([undefined, undefined, 0])
  await at.client.create(resourceClaims, { metadata: { name: 'mine', namespace: 'default' }, spec: { devices: { requests: [{ name: 'one', exactly: { deviceClassName: 'gpus' } }] } } })
  await at.clock.advance(200)
  const why = 'preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.'
  expect((await stored('p')).status?.conditions).toMatchObject([{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: `0/1 nodes are available: request one: device class gpus does not exist. no new claims to deallocate, ${why}` }])
  await at.client.create(deviceClasses, { metadata: { name: 'gpus' }, spec: {} })
  await at.clock.advance(200)
  expect((await stored('p')).status?.conditions).toMatchObject([{ message: `0/1 nodes are available: 1 cannot allocate all claims. still not schedulable, ${why}` }])
  // The controller has followed the template of the other: that none is needed.
  await at.client.patch(pods, { namespace: 'default', name: 'q' }, { type: 'strategic', body: { status: { resourceClaimStatuses: [{ name: 'gpu' }] } }, subresource: 'status' })
  await at.clock.advance(200)
  expect([await nodeOf(at, 'p'), await nodeOf(at, 'q')]).toEqual([undefined, 'n1'])
})

test('pods of another scheduler, and gated ones, are left alone', async () => {
  await using at = world()
  await at.client.create(nodes, node('n1'))
  await scheduling(at)
  await at.client.create(pods, pod('other', '1', { schedulerName: 'mine' }))
  await at.client.create(pods, pod('gated', '1', { schedulingGates: [{ name: 'wait' }] }))
  await at.clock.advance(500)
  expect([await nodeOf(at, 'other'), await nodeOf(at, 'gated')]).toEqual([undefined, undefined])
})
