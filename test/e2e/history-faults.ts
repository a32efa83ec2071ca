/** What is done to a lab of several control planes while its clients are at work. */
import * as lab from '../../deploy/lab/lab.ts'
import { sleep, systemClock as clock } from '../../shared/kit/clock.ts'
import type { HistoryLab } from './history-lab.ts'

export type Strike = (one: HistoryLab) => Promise<void>

export const pause = (ms: number): Promise<void> => sleep(clock, ms)

/** Each ends mended, but not at rest. */
export const FAULTS: Readonly<Record<string, Strike>> = {
  'the leader is killed': async (one) => {
    const leader = await one.leader()
    one.died(leader)
    await lab.kill(one.name, `${leader}/control-plane`)
    await pause(1_000)
    await lab.start(one.name, `${leader}/control-plane`)
  },
  'the leader loses its member of etcd': async (one) => {
    const leader = await one.leader()
    await lab.kill(one.name, `${leader}/etcd`)
    await pause(1_000)
    await one.compact()
    await lab.start(one.name, `${leader}/etcd`)
  },
  'the machine of the leader hangs': async (one) => {
    const leader = await one.leader()
    await lab.pause(one.name, leader)
    await pause(2_500)
    await lab.resume(one.name, leader)
  },
  'the leader is cut off': async (one) => {
    const leader = await one.leader()
    await lab.partition(one.name, [leader])
    await pause(2_000)
    await one.compact()
    await pause(500)
    await lab.heal(one.name)
    one.mended()
  },
  'all of etcd is killed': async (one) => {
    await Promise.all(one.machines.map((machine) => lab.kill(one.name, `${machine}/etcd`)))
    await pause(500)
    await Promise.all(one.machines.map((machine) => lab.start(one.name, `${machine}/etcd`)))
  },
  'all of etcd hangs': async (one) => {
    await Promise.all(one.machines.map((machine) => lab.pause(one.name, `${machine}/etcd`)))
    await pause(2_000)
    await Promise.all(one.machines.map((machine) => lab.resume(one.name, `${machine}/etcd`)))
  },
  'two control planes are killed': async (one) => {
    const two = one.machines.slice(0, 2)
    for (const machine of two) one.died(machine)
    await Promise.all(two.map((machine) => lab.kill(one.name, `${machine}/control-plane`)))
    await Promise.all(two.map((machine) => lab.start(one.name, `${machine}/control-plane`)))
    await one.compact()
  },
}
