import { expect, test } from 'vitest'
import { daemonSetState, statefulSetState } from './rollout-sets.ts'

const template = { metadata: {}, spec: { containers: [] } }

test.each([
  [{ observedGeneration: 1 }, 'Waiting for daemon set spec update to be observed...'],
  [{ observedGeneration: 2, updatedNumberScheduled: 1, desiredNumberScheduled: 3 }, 'Waiting for daemon set "d" rollout to finish: 1 out of 3 new pods have been updated...'],
  [{ observedGeneration: 2, updatedNumberScheduled: 3, desiredNumberScheduled: 3, numberAvailable: 2 }, 'Waiting for daemon set "d" rollout to finish: 2 of 3 updated pods are available...'],
  [{ observedGeneration: 2, updatedNumberScheduled: 3, desiredNumberScheduled: 3, numberAvailable: 3 }, 'daemon set "d" successfully rolled out'],
])('a daemon set: %o', (status, message) => {
  const counts = { currentNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0, desiredNumberScheduled: 0 }
  expect(daemonSetState({ metadata: { name: 'd', generation: 2 }, spec: { selector: {}, template, updateStrategy: { type: 'RollingUpdate' } }, status: { ...counts, ...status } }).message).toBe(message)
})

test.each([
  [{ observedGeneration: 1 }, undefined, 'Waiting for statefulset spec update to be observed...'],
  [{ observedGeneration: 2, readyReplicas: 1 }, undefined, 'Waiting for 2 pods to be ready...'],
  [{ observedGeneration: 2, readyReplicas: 3, updatedReplicas: 0 }, 1, 'Waiting for partitioned roll out to finish: 0 out of 2 new pods have been updated...'],
  [{ observedGeneration: 2, readyReplicas: 3, updatedReplicas: 2 }, 1, 'partitioned roll out complete: 2 new pods have been updated...'],
  [{ observedGeneration: 2, readyReplicas: 3, updatedReplicas: 2, currentRevision: 'a', updateRevision: 'b' }, undefined, 'waiting for statefulset rolling update to complete 2 pods at revision b...'],
  [{ observedGeneration: 2, readyReplicas: 3, currentReplicas: 3, currentRevision: 'b', updateRevision: 'b' }, undefined, 'statefulset rolling update complete 3 pods at revision b...'],
])('a stateful set: %o, partition %o', (status, partition, message) => {
  const spec = { selector: {}, serviceName: 's', template, replicas: 3, updateStrategy: { type: 'RollingUpdate', ...(partition !== undefined && { rollingUpdate: { partition } }) } } as const
  expect(statefulSetState({ metadata: { name: 's', generation: 2 }, spec, status: { replicas: 3, ...status } }).message).toBe(message)
})

test('what is updated by hand has no rollout', () => {
  expect(daemonSetState({ metadata: {}, spec: { selector: {}, template, updateStrategy: { type: 'OnDelete' } } })).toMatchObject({ kind: 'failed' })
})
