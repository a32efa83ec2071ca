import { expect, test } from 'vitest'
import { Fault } from '../../shared/kit/faults.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { events, nodes, pods } from '../../shared/model/resources.ts'
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

test('pods of another scheduler, and gated ones, are left alone', async () => {
  await using at = world()
  await at.client.create(nodes, node('n1'))
  await scheduling(at)
  await at.client.create(pods, pod('other', '1', { schedulerName: 'mine' }))
  await at.client.create(pods, pod('gated', '1', { schedulingGates: [{ name: 'wait' }] }))
  await at.clock.advance(500)
  expect([await nodeOf(at, 'other'), await nodeOf(at, 'gated')]).toEqual([undefined, undefined])
})
