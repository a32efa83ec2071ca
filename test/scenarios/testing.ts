import { expect } from 'vitest'
import type { Deployment, PodSpec } from '../../shared/model/gen/api.ts'
import { deployments } from '../../shared/model/resources.ts'
import { isPodReady } from '../sim/ledger.ts'
import { mustComeToRest, runScript } from '../sim/scenario.ts'
import type { Script } from '../sim/script.ts'
import { World } from '../sim/world.ts'

/** A booted world in which no chance plays but that of delays. */
export async function smallWorld(nodes = 2, seed = 1): Promise<World> {
  const world = new World({ seed, nodes })
  await world.boot()
  return world
}

export const forever = { name: 'main', image: 'busybox:1.35', command: ['sh', '-c', "trap 'exit 0' TERM; while true; do sleep 1; done"] } as const

export const deploymentOf = (name: string, replicas: number, spec: Partial<PodSpec> = {}): Deployment => ({
  metadata: { name, namespace: 'default' },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { terminationGracePeriodSeconds: 1, ...spec, containers: spec.containers ?? [forever] } } },
})

/** Creates a deployment and waits until it is ready. */
export async function deploy(world: World, deployment: Deployment): Promise<void> {
  await world.finish(world.api.create(deployments, deployment))
  const wanted = deployment.spec?.replicas ?? 1
  expect(await world.until(() => world.ledger.pods().filter(isPodReady).length >= wanted, 20_000)).toBe(true)
}

/** The faults are over: everything must be well, and then quiet, and nothing may have gone wrong on the way. */
export async function expectPeace(world: World): Promise<void> {
  world.calm()
  await mustComeToRest(world)
  expect(world.transcript.violations).toEqual([])
  world.end()
}

/** Plays what `npm run sim -- --seed N --shrink` has left of a seed: nothing may go wrong. */
export async function expectWell(script: Script): Promise<void> {
  const { violations } = await runScript(script)
  expect(violations).toEqual([])
}
