import { expect, test } from 'vitest'
import { podUidHex } from '../../node-agent/pods/record.ts'
import { uidOf } from '../../shared/model/meta.ts'
import { deployments, services } from '../../shared/model/resources.ts'
import type { World } from '../sim/world.ts'
import { deploy, deploymentOf, expectPeace, forever, smallWorld } from './testing.ts'

/** What a call to the service would meet now, from any node: endpoints where nothing runs. */
function deadEnds(world: World): readonly string[] {
  const pods = world.ledger.pods()
  return world.nodes.flatMap(({ name, host }) =>
    host.network.services
      .filter((port) => port.name.startsWith('default/web'))
      .flatMap(({ endpoints }) => (endpoints.length === 0 ? ['nobody'] : endpoints.map(({ ip }) => ip)))
      .filter((ip) => {
        const pod = pods.find(({ status }) => status?.podIP === ip)
        const there = world.nodes.find((one) => one.name === pod?.spec?.nodeName)
        return !pod || !there?.host.running().some(({ spec }) => spec.id.startsWith(podUidHex(uidOf(pod))))
      })
      .map((ip) => `${name} leads to ${ip}, where nothing runs`),
  )
}

/** The promise of the hold (`HOLD_MS`): a rolling update loses no call. */
test.each([1, 2, 3])('during a rolling update no node leads a call to where nothing runs (seed %i)', async (seed) => {
  const world = await smallWorld(3, seed)
  const main = { ...forever, ports: [{ containerPort: 8080 }], readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 } }
  const web = deploymentOf('web', 4, { containers: [main] })
  await deploy(world, { ...web, spec: { ...web.spec, selector: web.spec?.selector ?? {}, template: web.spec?.template ?? {}, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } } })
  await world.finish(world.api.create(services, { metadata: { name: 'web', namespace: 'default' }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] } }))
  await world.advance(2_000)
  expect(deadEnds(world)).toEqual([])
  await world.finish(world.api.patch(deployments, { namespace: 'default', name: 'web' }, { type: 'strategic', body: { spec: { template: { spec: { containers: [{ name: 'main', image: 'busybox:1.36' }] } } } } }))
  const met = new Set<string>()
  for (let passedMs = 0; passedMs < 20_000; passedMs += 10) {
    await world.advance(10)
    for (const end of deadEnds(world)) met.add(end)
  }
  expect([...met]).toEqual([])
  const done = world.ledger.pods().every((pod) => pod.spec?.containers[0]?.image === 'busybox:1.36' && pod.metadata.deletionTimestamp === undefined)
  expect(done).toBe(true)
  await expectPeace(world)
})
