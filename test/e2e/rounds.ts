/** One fault of the list after the other, by chance, on one cluster: after each everything promised is there again. */
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf } from '../../deploy/lab/layout.ts'
import { seededRandom, type Random } from '../../shared/kit/random.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { programsIn } from '../bench/processes.ts'
import { APP_PODS, openApplication, REPLICAS, type Application } from './application.ts'
import { isRunning, isWell, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

interface Fault {
  readonly name: string
  readonly strike: (of: Struck) => Promise<unknown>
}

interface Struck {
  readonly name: string
  readonly cluster: TestLab
  readonly random: Random
}

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T
const node = ({ random }: Struck): string => pick(random, ['n1', 'n2', 'n3'])
const plane = ({ random }: Struck): string => pick(random, ['cp1', 'cp2', 'cp3'])
const leader = async ({ name }: Struck): Promise<string> => (await lab.status(name)).members.find(({ leads }) => leads)?.machine ?? 'cp1'
const someMs = ({ random }: Struck): number => 300 + Math.floor(random.next() * 2_700)

/** Strikes, lets some time pass, and takes it back. */
const forAWhile =
  (strike: (lab: string, target: string) => Promise<unknown>, mend: (lab: string, target: string) => Promise<unknown>, whom: (of: Struck) => string | Promise<string>) =>
  async (of: Struck): Promise<void> => {
    const target = await whom(of)
    await strike(of.name, target)
    await wait(someMs(of))
    await mend(of.name, target)
  }

const heal = (name: string): Promise<void> => lab.heal(name)
const cut = (name: string, target: string): Promise<void> => lab.partition(name, [target])

export const faults: readonly Fault[] = [
  {
    name: 'a container is killed',
    async strike(of) {
      const [pid] = await programsIn(`${layoutOf(of.cluster.spec).memberCgroup(node(of))}/pods`, 'sh')
      if (pid !== undefined) process.kill(pid, 'SIGKILL')
    },
  },
  { name: 'an agent is killed', strike: forAWhile(lab.kill, lab.start, (of) => `${node(of)}/agent`) },
  { name: 'an agent hangs', strike: forAWhile(lab.pause, lab.resume, (of) => `${node(of)}/agent`) },
  { name: 'a node is killed', strike: forAWhile(lab.kill, lab.start, node) },
  { name: 'a node is cut off', strike: forAWhile(cut, heal, node) },
  { name: 'a node is not heard', strike: forAWhile((name, target) => lab.partition(name, [target], { oneWay: true }), heal, node) },
  { name: 'two nodes do not reach each other', strike: forAWhile((name) => lab.partition(name, ['n1'], { from: ['n2'] }), heal, node) },
  { name: 'the leader is killed', strike: forAWhile(lab.kill, lab.start, leader) },
  { name: 'the leader hangs', strike: forAWhile(lab.pause, lab.resume, async (of) => `${await leader(of)}/control-plane`) },
  { name: 'the leader’s machine stands still', strike: forAWhile(lab.pause, lab.resume, leader) },
  { name: 'the leader is cut off', strike: forAWhile(cut, heal, leader) },
  { name: 'a control plane is killed', strike: forAWhile(lab.kill, lab.start, (of) => `${plane(of)}/control-plane`) },
  { name: 'an etcd member is killed', strike: forAWhile(lab.kill, lab.start, (of) => `${plane(of)}/etcd`) },
  { name: 'an etcd member hangs', strike: forAWhile(lab.pause, lab.resume, (of) => `${plane(of)}/etcd`) },
  {
    name: 'a pod is deleted',
    async strike({ cluster, random }) {
      const { items } = await cluster.get<{ items: readonly Pod[] }>(APP_PODS)
      await cluster.send('DELETE', `/api/v1/namespaces/default/pods/${pick(random, items).metadata.name}`)
    },
  },
  { name: 'the Deployment rolls', strike: ({ cluster, random }) => cluster.send('PATCH', '/apis/apps/v1/namespaces/default/deployments/shop', { spec: { template: { metadata: { annotations: { round: String(random.next()) } } } } }, 'application/strategic-merge-patch+json') },
]


/** Writes until it is acknowledged, as a careful client does. */
async function note(cluster: TestLab, name: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      await cluster.send('POST', '/api/v1/namespaces/default/configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data: { round: name } })
      return
    } catch (error) {
      if ((error as Error).message.includes(': 409 ')) return
      await wait(50)
    }
  }
  throw new Error(`${name} could not be written`)
}

export function roundTests(name: string, { rounds, seed }: { readonly rounds: number; readonly seed: number }): void {
  let cluster: TestLab
  let shop: Application

  labOfTests({
    name,
    nodes: 3,
    controlPlanes: 3,
    async prepare(lab) {
      cluster = lab
      shop = await openApplication(cluster)
    },
    over: () => shop?.[Symbol.dispose](),
  })

  test(`${rounds} rounds of a fault by chance (seed ${seed}): every object and every promised replica is there at the end`, async () => {
    const random = seededRandom(seed)
    for (let round = 0; round < rounds; round++) {
      const fault = pick(random, faults)
      const startMs = performance.now()
      const striking = fault.strike({ name, cluster, random })
      await Promise.all([striking, note(cluster, `round-${round}`)])
      try {
        await cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.length === 3 && nodes.every(isWell), 60_000)
        await cluster.until<Pod>(APP_PODS, (pods) => pods.length === REPLICAS && pods.every(isRunning), 60_000)
      } catch (error) {
        throw new Error(`round ${round}, ${fault.name}: ${(error as Error).message}`, { cause: error })
      }
      process.stdout.write(`round ${round}: ${fault.name}, whole after ${Math.round(performance.now() - startMs)} ms\n`)
    }
    const { items } = await cluster.get<{ items: ReadonlyArray<{ metadata: { name: string } }> }>('/api/v1/namespaces/default/configmaps')
    const there = new Set(items.map(({ metadata }) => metadata.name))
    expect(Array.from({ length: rounds }, (_, round) => `round-${round}`).filter((one) => !there.has(one))).toEqual([])
    expect((await shop.whole()).length).toBe(REPLICAS)
  }, rounds * 150_000)
}
