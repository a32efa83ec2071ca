import { describe, expect, test } from 'vitest'
import type { Deployment, Pod } from '../../../shared/model/gen/api.ts'
import { deployments, events, pods, replicaSets } from '../../../shared/model/resources.ts'
import { createReplicaSetController } from '../replicaset/reconcile.ts'
import { world, type World } from '../testing.ts'
import { createDeploymentController } from './reconcile.ts'
import { deploymentOf } from './testing.ts'

const web = (replicas: number): Deployment => ({ ...deploymentOf(replicas), metadata: { name: 'web', namespace: 'ns' } })
const reference = { namespace: 'ns', name: 'web' }

async function start(here: World): Promise<void> {
  await here.start(createDeploymentController(here.parts), createReplicaSetController(here.parts))
}

/** What an agent would do: every pod becomes ready after a while. */
async function makeReady(here: World): Promise<void> {
  for (const pod of here.client.all(pods)) {
    if (pod.status?.phase === 'Running') continue
    await here.client.patch<Pod>(pods, { namespace: 'ns', name: pod.metadata.name ?? '' }, { type: 'merge', body: { status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } }, subresource: 'status' })
  }
  await here.clock.advance(500)
}

test('a deployment, its replica set and its pods come to be; a new template replaces them; events tell', async () => {
  await using here = world()
  await start(here)
  await here.client.create(deployments, web(2))
  await here.clock.advance(1000)
  await makeReady(here)
  expect(here.client.all(deployments)[0]?.status).toMatchObject({ replicas: 2, updatedReplicas: 2, availableReplicas: 2, observedGeneration: 1 })
  await here.client.patch(deployments, reference, { type: 'merge', body: { spec: { template: { metadata: { labels: { rev: '2' } } } } } })
  for (let i = 0; i < 6; i++) {
    await here.clock.advance(500)
    await makeReady(here)
  }
  expect(here.client.all(pods).map((pod) => pod.metadata.labels?.['rev'])).toEqual(['2', '2'])
  const [deployment] = here.client.all(deployments)
  expect(deployment?.metadata.annotations).toEqual({ 'deployment.kubernetes.io/revision': '2' })
  expect(deployment?.status?.conditions?.map(({ type, reason }) => [type, reason])).toEqual([['Available', 'MinimumReplicasAvailable'], ['Progressing', 'NewReplicaSetAvailable']])
  const [one, two] = here.client.all(replicaSets).toSorted((a, b) => ((a.metadata.labels?.['rev'] ?? '') < (b.metadata.labels?.['rev'] ?? '') ? -1 : 1)).map(({ metadata }) => metadata.name)
  const told = here.client.all(events).filter(({ reason }) => reason === 'ScalingReplicaSet')
  expect(told.map(({ message }) => message)).toEqual([
    `Scaled up replica set ${one} from 0 to 2`,
    `Scaled up replica set ${two} from 0 to 1`,
    `Scaled down replica set ${one} from 2 to 1`,
    `Scaled up replica set ${two} from 1 to 2`,
    `Scaled down replica set ${one} from 1 to 0`,
  ])
})

test('a replica set of another template under the same hash counts as a collision and another name is taken', async () => {
  await using here = world()
  await here.client.create(deployments, web(1))
  await start(here)
  const name = here.client.all(replicaSets)[0]?.metadata.name ?? ''
  await here.client.delete(deployments, reference)
  await here.client.delete(replicaSets, { namespace: 'ns', name })
  await here.client.create(replicaSets, { metadata: { name, namespace: 'ns' }, spec: { replicas: 0, selector: { matchLabels: { other: 'x' } } } })
  await here.client.create(deployments, web(1))
  await here.clock.advance(1000)
  expect(here.client.all(deployments)[0]?.status?.collisionCount).toBe(1)
  expect(here.client.all(replicaSets).filter(({ spec }) => spec?.replicas === 1).length).toBe(1)
})

test('Recreate waits until the old pods are gone', async () => {
  await using here = world()
  await start(here)
  await here.client.create(deployments, { ...web(1), spec: { ...web(1).spec, strategy: { type: 'Recreate' } } as Deployment['spec'] })
  await here.clock.advance(500)
  const [old] = here.client.all(pods)
  await here.client.bind({ namespace: 'ns', name: old?.metadata.name ?? '', uid: '' }, 'n1')
  await makeReady(here)
  await here.client.patch(deployments, reference, { type: 'merge', body: { spec: { template: { metadata: { labels: { rev: '2' } } } } } })
  await here.clock.advance(2000)
  expect(here.client.all(pods).map((pod) => [pod.metadata.name, pod.metadata.deletionTimestamp !== undefined])).toEqual([[old?.metadata.name, true]])
  await here.client.delete(pods, { namespace: 'ns', name: old?.metadata.name ?? '' }, { gracePeriodSeconds: 0 })
  await here.clock.advance(2000)
  expect(here.client.all(pods).map((pod) => pod.metadata.labels?.['rev'])).toEqual(['2'])
})

describe('the annotation that asks for a rollback', () => {
  const ROLLBACK = 'deprecated.deployment.rollback.to'
  const ask = async (here: World, revision: string): Promise<void> => {
    await here.client.patch(deployments, reference, { type: 'merge', body: { metadata: { annotations: { [ROLLBACK]: revision } } } })
    await here.clock.advance(2000)
  }
  const revOf = (here: World): string | undefined => here.client.all(deployments)[0]?.spec?.template?.metadata?.labels?.['rev']
  const annotations = (here: World): Readonly<Record<string, string>> | undefined => here.client.all(deployments)[0]?.metadata.annotations
  const told = (here: World): readonly unknown[] => here.client.all(events).filter(({ reason }) => reason?.startsWith('DeploymentRollback')).map(({ type, reason, message }) => [type, reason, message])

  async function rolledTo(here: World, ...revs: readonly string[]): Promise<void> {
    await start(here)
    await here.client.create(deployments, web(1))
    await here.clock.advance(1000)
    for (const rev of revs) {
      await here.client.patch(deployments, reference, { type: 'merge', body: { metadata: { annotations: { 'kubernetes.io/change-cause': `to ${rev}` } }, spec: { template: { metadata: { labels: { rev } } } } } })
      await here.clock.advance(1000)
    }
  }

  test('0 is the last but one; what was noted then comes back with it', async () => {
    await using here = world()
    await rolledTo(here, '2', '3')
    await ask(here, '0')
    expect(revOf(here)).toBe('2')
    expect(annotations(here)).toEqual({ 'kubernetes.io/change-cause': 'to 2', 'deployment.kubernetes.io/revision': '4' })
    expect(here.client.all(deployments)[0]?.spec?.template?.metadata?.labels).toEqual({ app: 'web', rev: '2' })
    expect(told(here)).toEqual([['Normal', 'DeploymentRollback', 'Rolled back deployment "web" to revision 2']])
  })
  test('a revision by its number, the first without a note', async () => {
    await using here = world()
    await rolledTo(here, '2', '3')
    await ask(here, '1')
    expect([revOf(here), annotations(here)]).toEqual(['1', { 'deployment.kubernetes.io/revision': '4' }])
    expect(told(here)).toEqual([['Normal', 'DeploymentRollback', 'Rolled back deployment "web" to revision 1']])
  })
  test.each([
    ['0', 'DeploymentRollbackRevisionNotFound', 'Unable to find last revision.'],
    ['7', 'DeploymentRollbackRevisionNotFound', 'Unable to find the revision to rollback to.'],
    ['-1', 'DeploymentRollbackRevisionNotFound', 'Unable to find the revision to rollback to.'],
    ['1', 'DeploymentRollbackTemplateUnchanged', 'The rollback revision contains the same template as current deployment "web"'],
  ])('%s of one revision: %s', async (revision, reason, message) => {
    await using here = world()
    await rolledTo(here)
    await ask(here, revision)
    expect([revOf(here), annotations(here)?.[ROLLBACK]]).toEqual(['1', undefined])
    expect(told(here)).toEqual([['Warning', reason, message]])
  })
  test('what is no number is left alone, and a paused deployment waits', async () => {
    await using here = world()
    await rolledTo(here, '2')
    await ask(here, '1x')
    expect([revOf(here), annotations(here)?.[ROLLBACK], told(here)]).toEqual(['2', '1x', []])
    await here.client.patch(deployments, reference, { type: 'merge', body: { spec: { paused: true } } })
    await ask(here, '1')
    expect([revOf(here), annotations(here)?.[ROLLBACK], told(here)]).toEqual(['2', '1', []])
    await here.client.patch(deployments, reference, { type: 'merge', body: { spec: { paused: null } } })
    await here.clock.advance(2000)
    expect([revOf(here), annotations(here)?.[ROLLBACK]]).toEqual(['1', undefined])
  })
  test('a template that has no replica set yet gets one before it is left', async () => {
    await using here = world()
    await rolledTo(here)
    await here.client.patch(deployments, reference, { type: 'merge', body: { metadata: { annotations: { [ROLLBACK]: '0' } }, spec: { template: { metadata: { labels: { rev: '2' } } } } } })
    await here.clock.advance(2000)
    expect(revOf(here)).toBe('1')
    expect(here.client.all(replicaSets).map((set) => [set.spec?.template?.metadata?.labels?.['rev'], set.metadata.annotations?.['deployment.kubernetes.io/revision']])).toEqual([['1', '3'], ['2', '2']])
  })
})
