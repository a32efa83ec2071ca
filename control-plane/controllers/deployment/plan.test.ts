import { expect, test } from 'vitest'
import { templateHash } from '../../../shared/model/template-hash.ts'
import { changeSpec, deploymentOf, modelOf, planNow, reportStatus, rollTo, runToRest, sizes, step, syncPods, type Model } from './testing.ts'

const reasons = ({ deployment }: Model): readonly string[] => (deployment.status?.conditions ?? []).map(({ type, status, reason }) => `${type}=${status} ${reason}`)
const setOf = (model: Model, rev: string) => model.sets.find(({ set }) => set.metadata.labels?.['rev'] === rev)?.set

function settled(replicas: number, more: Readonly<Record<string, unknown>> = {}): Model {
  const model = modelOf(deploymentOf(replicas, more))
  runToRest(model)
  return model
}

test('the first plan makes a replica set of full size, with revision, scale and hash', () => {
  const model = modelOf({ ...deploymentOf(2), metadata: { ...deploymentOf(2).metadata, annotations: { note: 'n', 'kubectl.kubernetes.io/last-applied-configuration': '{}' } } })
  const { steps, revision, status, againAfterMs } = planNow(model)
  const hash = templateHash(model.deployment.spec?.template ?? {})
  expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/)
  expect(steps).toEqual([
    {
      kind: 'create',
      replicaSet: {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: {
          name: `web-${hash}`,
          namespace: 'ns',
          labels: { app: 'web', rev: '1', 'pod-template-hash': hash },
          annotations: { note: 'n', 'deployment.kubernetes.io/revision': '1', 'deployment.kubernetes.io/desired-replicas': '2', 'deployment.kubernetes.io/max-replicas': '3' },
          ownerReferences: [{ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'deployment', controller: true, blockOwnerDeletion: true }],
        },
        spec: {
          replicas: 2,
          selector: { matchLabels: { app: 'web', 'pod-template-hash': hash } },
          template: { metadata: { labels: { app: 'web', rev: '1', 'pod-template-hash': hash } }, spec: { containers: [] } },
        },
      },
    },
  ])
  expect([revision, againAfterMs]).toEqual(['1', 601_000])
  expect(status.conditions?.map(({ type, reason, message }) => [type, reason, message])).toEqual([
    ['Progressing', 'NewReplicaSetCreated', `Created new replica set "web-${hash}"`],
    ['Available', 'MinimumReplicasUnavailable', 'Deployment does not have minimum availability.'],
  ])
})

test('of a long name as much goes on as there is room for beside the hash', () => {
  const deployment = deploymentOf(1)
  const [made] = planNow(modelOf({ ...deployment, metadata: { ...deployment.metadata, name: 'a'.repeat(250) } })).steps
  expect(made?.replicaSet.metadata.name).toMatch(/^a{242,}-[a-z0-9]+$/)
  expect(made?.replicaSet.metadata.name?.length).toBe(253)
})

test('it becomes complete; conditions stand in the order of their last change', () => {
  const model = settled(2)
  expect(reasons(model)).toEqual(['Available=True MinimumReplicasAvailable', 'Progressing=True NewReplicaSetAvailable'])
  expect(model.deployment.status).toMatchObject({ replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2, observedGeneration: 1, terminatingReplicas: 0 })
  expect(model.deployment.status?.conditions?.[1]?.message).toBe(`ReplicaSet "${model.sets[0]?.set.metadata.name}" has successfully progressed.`)
  expect(planNow(model).steps).toEqual([])
})

test('a new template is rolled out by surge and unavailability, and the old set stays as history', () => {
  const model = settled(4, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 2 } } })
  rollTo(model, '2')
  step(model)
  expect(sizes(model)).toEqual({ 1: 2, 2: 0 })
  step(model)
  expect(sizes(model)).toEqual({ 1: 2, 2: 2 })
  runToRest(model)
  expect([sizes(model), model.deployment.metadata.annotations?.['deployment.kubernetes.io/revision']]).toEqual([{ 1: 0, 2: 4 }, '2'])
})

test('going back to an old template takes its replica set again, with a new revision and its history', () => {
  const model = settled(0)
  rollTo(model, '2')
  runToRest(model)
  rollTo(model, '1')
  runToRest(model)
  expect(setOf(model, '1')?.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '3', 'deployment.kubernetes.io/revision-history': '1' })
  expect(setOf(model, '2')?.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/revision': '2' })
})

test('old sets beyond the history limit go, the oldest first', () => {
  const model = settled(1, { revisionHistoryLimit: 1 })
  for (const rev of ['2', '3', '4']) {
    rollTo(model, rev)
    runToRest(model)
  }
  expect(sizes(model)).toEqual({ 3: 0, 4: 1 })
})

test('a paused deployment rolls nothing, but scales; resuming goes on', () => {
  const model = settled(2)
  rollTo(model, '2')
  changeSpec(model, { paused: true, replicas: 3 })
  runToRest(model)
  expect([sizes(model), reasons(model)]).toEqual([{ 1: 3 }, ['Progressing=Unknown DeploymentPaused', 'Available=True MinimumReplicasAvailable']])
  changeSpec(model, { paused: false })
  runToRest(model)
  expect([sizes(model), reasons(model)[1]]).toEqual([{ 1: 0, 2: 3 }, 'Progressing=True NewReplicaSetAvailable'])
})

test('scaling in the middle of a rollout shares in proportion', () => {
  const model = settled(4, { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '50%', maxUnavailable: 0 } } })
  rollTo(model, '2')
  step(model)
  model.sets = model.sets.map((one) => reportStatus(syncPods(one)))
  step(model)
  expect(sizes(model)).toEqual({ 1: 4, 2: 2 })
  changeSpec(model, { replicas: 10, strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 2, maxUnavailable: 0 } } })
  step(model)
  expect(sizes(model)).toEqual({ 1: 8, 2: 4 })
  expect(setOf(model, '1')?.metadata.annotations).toMatchObject({ 'deployment.kubernetes.io/desired-replicas': '10', 'deployment.kubernetes.io/max-replicas': '12' })
})

test('without progress for too long it says so, and asks to be looked at in time', () => {
  const model = modelOf(deploymentOf(1, { progressDeadlineSeconds: 10 }))
  step(model)
  model.sets = model.sets.map((one) => reportStatus(syncPods(one)))
  step(model)
  const { againAfterMs = 0 } = planNow(model)
  model.nowMs += againAfterMs
  step(model)
  expect([againAfterMs, reasons(model)]).toEqual([11_000, ['Available=False MinimumReplicasUnavailable', 'Progressing=False ProgressDeadlineExceeded']])
  expect(planNow(model).againAfterMs).toBeUndefined()
})

test('Recreate removes everything old before it makes anything new', () => {
  const model = settled(2, { strategy: { type: 'Recreate' } })
  rollTo(model, '2')
  step(model)
  expect(sizes(model)).toEqual({ 1: 0 })
  step(model)
  expect(sizes(model)).toEqual({ 1: 0 })
  model.sets = model.sets.map((one) => reportStatus(syncPods(one)))
  step(model)
  expect(sizes(model)).toEqual({ 1: 0, 2: 2 })
  expect(setOf(model, '1')?.metadata.annotations?.['deployment.kubernetes.io/max-replicas']).toBe('2')
})

test('annotations are copied to the current set only', () => {
  const model = settled(1)
  model.deployment = { ...model.deployment, metadata: { ...model.deployment.metadata, annotations: { ...model.deployment.metadata.annotations, team: 'blue' } } }
  expect(planNow(model).steps).toMatchObject([{ kind: 'change', patch: { metadata: { annotations: { team: 'blue' } } } }])
})

test('one of two equal templates is the current one: the older', () => {
  const model = settled(2)
  const [first] = model.sets
  if (!first) throw new Error('no set')
  model.sets.push({ ...first, set: { ...first.set, metadata: { ...first.set.metadata, name: 'web-twin', uid: 'twin', creationTimestamp: '2099-01-01T00:00:00Z' } } })
  expect(planNow(model).steps.slice(-1)).toMatchObject([{ kind: 'change', message: 'Scaled down replica set web-twin from 2 to 0' }])
})
