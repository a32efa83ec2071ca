/** Whatever happens to a node, its pods run elsewhere within seconds, and never twice. */
import { setTimeout as wait } from 'node:timers/promises'
import { beforeEach, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { stateOfService } from '../../deploy/lab/services.ts'
import { OUT_OF_SERVICE_TAINT } from '../../shared/model/fencing.ts'
import type { Event, Node, Pod } from '../../shared/model/gen/api.ts'
import { failedAfter, openApplication, upSeconds, type Application } from './application.ts'
import { isWell, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

/** From the fault on; a call that begins later must not fail. */
const FAILOVER_MS = 3_000

let cluster: TestLab
let shop: Application

labOfTests({
  name: 'e2e-failover',
  async prepare(lab) {
    cluster = lab
    shop = await openApplication(cluster)
  },
  over: () => shop?.[Symbol.dispose](),
})
beforeEach(async () => {
  await allReady()
  await spread()
})

const allReady = (): Promise<unknown> =>
  cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.length === 3 && nodes.every(isWell))

/** The third node has work again, which a node that came back has not. */
async function spread(): Promise<void> {
  const pods = await shop.whole()
  if (pods.filter((pod) => pod.spec?.nodeName === 'n3').length >= 2) return
  const restarted = await cluster.kubectl(['rollout', 'restart', 'deployment/shop'])
  expect(restarted.exitCode, restarted.stderr).toBe(0)
  await cluster.kubectl(['rollout', 'status', 'deployment/shop', '--timeout=60s'])
  const after = await shop.whole()
  expect(after.filter((pod) => pod.spec?.nodeName === 'n3').length).toBeGreaterThanOrEqual(1)
}

/** By the file of its supervisor: asked of the whole lab, which starts programs, the answer may be a second old on a busy host. */
const agentPid = async (node: string): Promise<number> => (await stateOfService(cluster.spec, node)).pid ?? 0

/** Lets the fault happen to n3 and sees its pods replaced; answers what the calls met and that no life overlapped. */
async function loseThird(fault: () => Promise<void>, check: (lost: readonly Pod[]) => Promise<void> = async () => {}): Promise<void> {
  const before = await shop.whole()
  const lost = before.filter((pod) => pod.spec?.nodeName === 'n3')
  const caller = shop.call('n1')
  await expect.poll(caller.calls, { timeout: 60_000 }).toBeGreaterThan(10)
  const faultMs = Date.now()
  await fault()
  const after = await shop.whole((nodeName) => nodeName !== 'n3')
  await wait(Math.max(0, faultMs + FAILOVER_MS + 1_500 - Date.now()))
  const { failures } = await caller.stop()
  expect(failedAfter(failures, faultMs + FAILOVER_MS)).toEqual([])
  // By the pods' own clocks: the last sign of each first life is older than the first sign of any that replaced one.
  const lastOfOld = Math.max(...lost.map((pod) => shop.lifeOf(pod.metadata.name ?? '').last))
  const firstOfNew = Math.min(...after.filter((pod) => !before.some((old) => old.metadata.uid === pod.metadata.uid)).map((pod) => shop.lifeOf(pod.metadata.name ?? '').first))
  expect(firstOfNew).toBeGreaterThan(lastOfOld)
  await check(lost)
}

test('a node is killed', async () => {
  await loseThird(() => lab.kill(cluster.name, 'n3'))
  await lab.start(cluster.name, 'n3')
})

test('a node is cut off: it stops its own pods first', async () => {
  const sinceMs = upSeconds()
  await loseThird(
    () => lab.partition(cluster.name, ['n3']),
    async (lost) => {
      // They were alive when the cable was cut, and are dead though nobody could tell the node so.
      for (const pod of lost) {
        const { last } = shop.lifeOf(pod.metadata.name ?? '')
        expect(last).toBeGreaterThan(sinceMs)
        expect(upSeconds() - last).toBeGreaterThan(0.5)
      }
    },
  )
  await lab.heal(cluster.name)
})

test('an agent hangs: the fencer outside it stops the pods', async () => {
  const pid = await agentPid('n3')
  // Of no process it would be all of this group.
  expect(pid).toBeGreaterThan(0)
  try {
    await loseThird(async () => void process.kill(pid, 'SIGSTOP'))
  } finally {
    process.kill(pid, 'SIGCONT')
  }
})

const readyMessage = (node: Node | undefined): string | undefined => node?.status?.conditions?.find(({ type }) => type === 'Ready')?.message

/** In which an agent that crashes in a loop is given up: three restarts, or four. */
const UNSTEADY_MS = 8_000

test('an agent dies as soon as it has started, again and again: its node is given up once, told why, and let back when it is steady', async () => {
  await shop.whole()
  const caller = shop.call('n1')
  await expect.poll(caller.calls, { timeout: 60_000 }).toBeGreaterThan(10)
  const startMs = Date.now()
  // It goes on dying for a while after it was given up.
  let endMs = startMs + UNSTEADY_MS + FAILOVER_MS + 3_000
  const fenced = cluster.until<Node>('/api/v1/nodes?fieldSelector=metadata.name%3Dn3', ([node]) => node?.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE_TAINT.key) === true).then(() => {
    endMs = Date.now() + FAILOVER_MS + 3_000
    return Date.now()
  })
  // The taint and the condition are two writes.
  const told = cluster.until<Node>('/api/v1/nodes?fieldSelector=metadata.name%3Dn3', ([node]) => readyMessage(node)?.includes('; fenced at ') === true).then(([node]) => readyMessage(node))
  // Both are looked at below, unless something else goes wrong before.
  for (const one of [fenced, told]) one.catch(() => {})
  let dead = 0
  while (Date.now() < endMs) {
    const pid = await agentPid('n3')
    if (pid > 0 && pid !== dead) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch {
        // It died by itself meanwhile.
      }
      dead = pid
    }
    // Before it has taken up its work: one that lives for a second is started again at once, and back in time for its pods.
    await wait(10)
  }
  const { failures } = await caller.stop()
  const atMs = await fenced
  process.stdout.write(`given up after ${atMs - startMs} ms, ${failures.length} calls failed, the last at ${failures.at(-1)?.slice(11, 23)}, given up at ${new Date(atMs).toISOString().slice(11, 23)}\n`)
  expect(atMs - startMs).toBeLessThan(UNSTEADY_MS)
  expect(failedAfter(failures, atMs + FAILOVER_MS)).toEqual([])
  expect(await told).toMatch(/^n3: no heartbeat for .*; 2 of 3 members seen; fenced at /)
  const after = await shop.whole()
  expect(after.map((pod) => pod.spec?.nodeName)).not.toContain('n3')
  const { items } = await cluster.get<{ items: readonly Event[] }>('/api/v1/events?fieldSelector=involvedObject.name%3Dn3,reason%3DNodeFenced')
  const verdicts = items.filter(({ lastTimestamp }) => Date.parse(lastTimestamp ?? '') >= startMs - 1_000)
  expect(verdicts.map(({ message }) => message).join('\n')).toMatch(/does its agent crash in a loop|no heartbeat for/)
  await allReady()
})
