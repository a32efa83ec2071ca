/** Nodes whose objects are deleted, and nodes whose agents left before they were admitted. */
import { expect, test } from 'vitest'
import { nodes } from '../../shared/model/resources.ts'
import { world } from '../controllers/testing.ts'
import type { Storage, Write } from '../storage/port.ts'
import { createMemoryStorage } from '../storage/storage.ts'
import { ABSENT_MS } from './absentees.ts'
import { fencedAt, join, kinds, lead, proxied } from './testing.ts'
import { DELETED_GRACE_MS } from './watch.ts'

test.each(['before it is given up', 'after it is given up'])('a lost node whose object is deleted %s is admitted when it is back', async (when) => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  await join(led, 'n1', 'n2', 'n3')
  led.agent('n2').close()
  await here.clock.advance(when.startsWith('before') ? 500 : 2_000)
  await here.client.delete(nodes, { name: 'n2' })
  await here.clock.advance(3_000)
  expect([kinds(led, 'n2'), await led.record()]).toMatchObject([['fenced'], { bootIds: { n1: 'boot-1', n3: 'boot-1' }, fenced: {} }])
  led.agent('n2').connect(led.heartbeats, { instance: 'again' })
  await here.client.create(nodes, { metadata: { name: 'n2', annotations: { 'gantry.dev/agent': 'boot-1' } } })
  await here.clock.advance(500)
  // Until it has said that nothing is left.
  expect([kinds(led, 'n2'), led.agent('n2').isAcked()]).toEqual([['fenced'], false])
  await led.watch.admit('n2', 'boot-1', fencedAt(led, 'n2'))
  await here.clock.advance(500)
  expect([kinds(led, 'n2'), led.agent('n2').isAcked()]).toEqual([['seen'], true])
  expect(await led.record()).toMatchObject({ bootIds: { n1: 'boot-1', n2: 'boot-1', n3: 'boot-1' }, fenced: {} })
})

test('a Node made by API under the name of one that was given up and deleted is nobody’s', async () => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  await join(led, 'n1', 'n2', 'n3')
  led.agent('n2').close()
  led.watch.setSession('n2', false)
  await here.clock.advance(2_000)
  await here.client.delete(nodes, { name: 'n2' })
  await here.clock.advance(1_000)
  await here.client.create(nodes, { metadata: { name: 'n2' } })
  await here.clock.advance(1_000)
  expect(kinds(led, 'n2')).toEqual(['no-agent'])
})

/** A machine that registered and got another name a second later: its pods stayed on their way out for ever. */
test('a node whose agent left before it was admitted is given up when it has been away for as long as Kubernetes is patient, and admitted when it is back', async () => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  await join(led, 'n1', 'n2')
  for (const name of ['n3', 'n4']) {
    await here.client.create(nodes, { metadata: { name, annotations: { 'gantry.dev/agent': 'boot-1' } } })
    led.watch.setSession(name, true)
  }
  await here.client.create(nodes, { metadata: { name: 'made-by-api' } })
  // As long as its session is open it is not away.
  await here.clock.advance(ABSENT_MS)
  led.watch.setSession('n3', false)
  await here.clock.advance(ABSENT_MS - 100)
  expect(kinds(led, 'n3', 'n4', 'made-by-api')).toEqual(['no-agent', 'seen', 'no-agent'])
  await here.clock.advance(200)
  expect(kinds(led, 'n1', 'n2', 'n3', 'n4', 'made-by-api')).toEqual(['seen', 'seen', 'fenced', 'seen', 'no-agent'])
  expect(await led.record()).toMatchObject({ inUse: [{ members: ['n1', 'n2'] }], fenced: { n3: { evidence: { kind: 'never-admitted' } } } })
  expect(led.told('NodeFenced')).toEqual([expect.stringContaining('n3: its agent left before it was admitted')])
  // Back: one that was told what to keep before the verdict is not admitted by its word.
  led.watch.setSession('n3', true)
  led.agent('n3').connect(led.heartbeats)
  await expect(led.watch.admit('n3', 'boot-1')).rejects.toMatchObject({ code: 'conflict' })
  await led.watch.admit('n3', 'boot-1', fencedAt(led, 'n3'))
  await here.clock.advance(1_000)
  expect(kinds(led, 'n3')).toEqual(['seen'])
  expect(await led.record()).toMatchObject({ fenced: {} })
})

test('a node that is admitted while it is being given up as never admitted stays a member', async () => {
  await using here = world()
  await here.start()
  const real = createMemoryStorage()
  let gate = Promise.resolve()
  const storage: Storage = { ...proxied(real), write: (write: Write) => gate.then(() => real.write(write)) }
  const led = await lead(here, { storage })
  await join(led, 'n1')
  await here.client.create(nodes, { metadata: { name: 'n2', annotations: { 'gantry.dev/agent': 'boot-1' } } })
  await here.clock.advance(ABSENT_MS - 100)
  // Its admission is under way when its patience ends, and its session ends again before that.
  const held = Promise.withResolvers<void>()
  gate = held.promise
  led.watch.setSession('n2', true)
  const admission = led.watch.admit('n2', 'boot-1')
  led.watch.setSession('n2', false)
  await here.clock.advance(ABSENT_MS + 100)
  expect(kinds(led, 'n2')).toEqual(['no-agent'])
  held.resolve()
  await admission
  await here.clock.advance(10)
  expect(await led.record()).toMatchObject({ bootIds: { n1: 'boot-1', n2: 'boot-1' } })
  expect(led.told('NodeFenced').filter((words) => words.includes('before it was admitted'))).toEqual([])
})

test('the next leader counts the absence of a node that was never admitted anew, and knows of the verdict', async () => {
  await using here = world()
  await here.start()
  const first = await lead(here)
  await join(first, 'n1')
  await here.client.create(nodes, { metadata: { name: 'n2', annotations: { 'gantry.dev/agent': 'boot-1' } } })
  await here.clock.advance(ABSENT_MS - 100)
  await first.end()
  const second = await lead(here, first)
  await here.clock.advance(ABSENT_MS - 100)
  expect(kinds(second, 'n2')).toEqual(['no-agent'])
  await here.clock.advance(200)
  expect(kinds(second, 'n2')).toEqual(['fenced'])
  await second.end()
  const third = await lead(here, first)
  expect(kinds(third, 'n2')).toEqual(['fenced'])
})

test('a node that lives and whose object is deleted goes on for a while; then its right ends, and it is remembered no more', async () => {
  await using here = world()
  await here.start()
  const led = await lead(here)
  await join(led, 'n1', 'n2', 'n3')
  await here.client.delete(nodes, { name: 'n2' })
  await here.clock.advance(DELETED_GRACE_MS - 1_000)
  expect([kinds(led, 'n2'), led.agent('n2').isAcked()]).toEqual([['seen'], true])
  await here.clock.advance(2_800)
  expect([kinds(led, 'n2'), led.agent('n2').isAcked()]).toEqual([['fenced'], false])
  expect(await led.record()).toMatchObject({ bootIds: { n1: 'boot-1', n3: 'boot-1' }, fenced: {} })
})
