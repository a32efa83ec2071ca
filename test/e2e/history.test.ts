/** What clients of three control planes are answered while these, and etcd, die, hang and are cut off: nothing acknowledged is lost, nothing is stale, watches tell all. */
import { afterAll, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { sleep, systemClock as clock } from '../../shared/kit/clock.ts'
import { HistoryLab } from './history-lab.ts'

const NAME = 'e2e-history'
let room: HistoryLab | undefined
afterAll(() => room?.down() ?? lab.down(NAME, { keep: false }))

type Fault = (room: HistoryLab) => Promise<void>

const pause = (ms: number): Promise<void> => sleep(clock, ms)

/** Each ends mended, but not at rest. */
const FAULTS: Readonly<Record<string, Fault>> = {
  'the leader is killed': async (one) => {
    const leader = await one.leader()
    one.died(leader)
    await lab.kill(NAME, `${leader}/control-plane`)
    await pause(1_000)
    await lab.start(NAME, `${leader}/control-plane`)
  },
  'the leader loses its member of etcd': async (one) => {
    const leader = await one.leader()
    await lab.kill(NAME, `${leader}/etcd`)
    await pause(1_000)
    await one.compact()
    await lab.start(NAME, `${leader}/etcd`)
  },
  'the machine of the leader hangs': async (one) => {
    const leader = await one.leader()
    await lab.pause(NAME, leader)
    await pause(2_500)
    await lab.resume(NAME, leader)
  },
  'the leader is cut off': async (one) => {
    const leader = await one.leader()
    await lab.partition(NAME, [leader])
    await pause(2_000)
    await one.compact()
    await pause(500)
    await lab.heal(NAME)
    one.mended()
  },
  'all of etcd is killed': async (one) => {
    await Promise.all(one.machines.map((machine) => lab.kill(NAME, `${machine}/etcd`)))
    await pause(500)
    await Promise.all(one.machines.map((machine) => lab.start(NAME, `${machine}/etcd`)))
  },
  'all of etcd hangs': async (one) => {
    await Promise.all(one.machines.map((machine) => lab.pause(NAME, `${machine}/etcd`)))
    await pause(2_000)
    await Promise.all(one.machines.map((machine) => lab.resume(NAME, `${machine}/etcd`)))
  },
  'two control planes are killed': async (one) => {
    const two = one.machines.slice(0, 2)
    for (const machine of two) one.died(machine)
    await Promise.all(two.map((machine) => lab.kill(NAME, `${machine}/control-plane`)))
    await Promise.all(two.map((machine) => lab.start(NAME, `${machine}/control-plane`)))
    await one.compact()
  },
}

test('three control planes', async () => {
  room = await HistoryLab.up(NAME, 3)
  await room.start(1)
  await pause(1_500)
  for (const [what, fault] of Object.entries(FAULTS)) {
    console.log(what)
    await fault(room)
    await pause(1_500)
  }
  const { violations, operations, changes } = await room.judge()
  const writes = operations.filter((one) => one.kind === 'write')
  const count = (kind: string): number => writes.filter(({ outcome }) => outcome.kind === kind).length
  console.log(`${operations.length} operations, ${changes.length} changes; of ${writes.length} writes ${count('done')} done, ${count('refused')} refused, ${count('unknown')} unknown`)
  expect(violations).toEqual([])
  expect(count('done')).toBeGreaterThan(200)
  expect(count('unknown')).toBeGreaterThan(0)
}, 240_000)
