import { expect, test } from 'vitest'
import type { Deployment, ReplicaSet } from '../../../shared/model/gen/api.ts'
import { completed, PROGRESSING } from './conditions.ts'
import { draftOf } from './draft.ts'
import { rolloutStatus } from './status.ts'

/** Found by killing the control plane between a new set and the word on it: the set before was named for ever. */
test('a rollout that is complete names the set it came to, whatever was told on the way', () => {
  const set: ReplicaSet = { metadata: { name: 'web-2', namespace: 'default' }, spec: { replicas: 1, selector: {} }, status: { replicas: 1, readyReplicas: 1, availableReplicas: 1 } }
  const conditions = [{ type: PROGRESSING, ...completed('ReplicaSet "web-1"'), lastUpdateTime: '2026-01-01T00:00:00Z', lastTransitionTime: '2026-01-01T00:00:00Z' }]
  const deployment: Deployment = { metadata: { name: 'web', namespace: 'default', generation: 2 }, spec: { replicas: 1, progressDeadlineSeconds: 600, selector: {}, template: {} }, status: { conditions } }
  const status = rolloutStatus({ deployment, generations: { current: draftOf(set), old: [] }, conditions, nowMs: 1_800_000_000_000 })
  expect(status.conditions?.find(({ type }) => type === PROGRESSING)).toMatchObject({ message: 'ReplicaSet "web-2" has successfully progressed.', lastTransitionTime: '2026-01-01T00:00:00Z' })
})
