/** What runs goes on while control plane or etcd are away, and while pods take all the CPU. Seconds by parameter: short in `npm test`, as long as promised in `npm run test:long`. */
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf } from '../../deploy/lab/layout.ts'
import type { Event, Node, Pod } from '../../shared/model/gen/api.ts'
import { programsIn } from '../bench/processes.ts'
import { openApplication, type Application } from './application.ts'
import { isRunning, isWell, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

export interface OutageLengths {
  readonly awaySeconds: number
  readonly busySeconds: number
}

const identity = (pod: Pod): string => `${pod.metadata.uid} on ${pod.spec?.nodeName}`
const restarts = (pods: readonly Pod[]): number => pods.reduce((sum, pod) => sum + (pod.status?.containerStatuses?.[0]?.restartCount ?? 0), 0)

const deployment = (name: string, replicas: number, command: readonly string[]): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'docker.io/library/busybox:1.35', command }] } },
  },
})

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
const podsOf = (app: string): string => `/api/v1/namespaces/default/pods?labelSelector=app%3D${app}`

export function outageTests(labName: string, { awaySeconds, busySeconds }: OutageLengths): void {
  let cluster: TestLab
  let shop: Application

  labOfTests({
    name: labName,
    async prepare(lab) {
      cluster = lab
      shop = await openApplication(cluster)
      // Not behind the Service: what calls meet in a container that is killed is no matter of the outage.
      await cluster.send('POST', DEPLOYMENTS, deployment('bystander', 3, ['sleep', '1000000']))
      await cluster.until<Pod>(podsOf('bystander'), (pods) => pods.filter(isRunning).length === 3)
    },
    over: () => shop?.[Symbol.dispose](),
  })

  test.each(['control-plane', 'etcd'])(`%s is away for ${awaySeconds} s: no call fails, nothing stops, what dies is restarted, and nobody is evicted afterwards`, async (member) => {
    const before = await shop.whole()
    const bystanders = await cluster.until<Pod>(podsOf('bystander'), (pods) => pods.filter(isRunning).length === 3)
    const caller = shop.call('n1')
    await expect.poll(caller.calls, { timeout: 60_000 }).toBeGreaterThan(10)
    await lab.kill(cluster.name, member)
    await wait(2_000)
    // A container dies meanwhile: its agent alone can restart it.
    // One that died in another outage already would be kept waiting.
    const node = (bystanders.find((pod) => restarts([pod]) === 0) ?? bystanders[0])?.spec?.nodeName ?? ''
    const pods = `${layoutOf(cluster.spec).memberCgroup(node)}/pods`
    const [victim = 0] = await programsIn(pods, 'sleep')
    expect(victim).toBeGreaterThan(0)
    process.kill(victim, 'SIGKILL')
    await expect.poll(async () => (await programsIn(pods, 'sleep')).filter((pid) => pid !== victim).length, { timeout: 60_000, interval: 50 }).toBe(bystanders.filter((pod) => pod.spec?.nodeName === node).length)
    await wait(awaySeconds * 1_000 - 2_000)
    await lab.start(cluster.name, member)
    await cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.length === 3 && nodes.every(isWell))
    const after = await cluster.until<Pod>(podsOf('bystander'), (all) => all.filter(isRunning).length === 3 && restarts(all) === restarts(bystanders) + 1)
    // Long enough for an eviction to have begun.
    await wait(3_000)
    const { failures } = await caller.stop()
    expect(failures).toEqual([])
    const whole = await shop.whole()
    expect(whole.map(identity).toSorted()).toEqual(before.map(identity).toSorted())
    expect(restarts(whole)).toBe(restarts(before))
    expect(after.map(identity).toSorted()).toEqual(bystanders.map(identity).toSorted())
  })

  test(`pods take every core for ${busySeconds} s: no node is declared lost`, async () => {
    const before = await shop.whole()
    const sinceMs = Math.floor(Date.now() / 1_000) * 1_000
    await cluster.send('POST', DEPLOYMENTS, deployment('burn', 9, ['sh', '-c', 'while :; do :; done']))
    await cluster.until<Pod>(podsOf('burn'), (pods) => pods.filter(isRunning).length === 9)
    await wait(busySeconds * 1_000)
    const nodes = await cluster.get<{ items: readonly Node[] }>('/api/v1/nodes')
    expect(nodes.items.map(isWell)).toEqual([true, true, true])
    const { items } = await cluster.get<{ items: readonly Event[] }>('/api/v1/events')
    expect(items.filter(({ reason, lastTimestamp }) => /^(NodeNotReady|NodeFenced|NodeSilent|PodsStopped)$/.test(reason ?? '') && Date.parse(lastTimestamp ?? '') >= sinceMs).map(({ reason, message, lastTimestamp }) => `${lastTimestamp} ${reason} ${message}`)).toEqual([])
    expect((await shop.whole()).map(identity).toSorted()).toEqual(before.map(identity).toSorted())
    await cluster.send('DELETE', `${DEPLOYMENTS}/burn`)
  })
}
