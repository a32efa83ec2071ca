import { expect, test } from 'vitest'
import { fieldErrorText } from '../../../shared/model/field-error.ts'
import type { ControllerRevision, StatefulSet } from '../../../shared/model/gen/api.ts'
import { defaultStatefulSet } from '../defaults/workload.ts'
import { validateNewRevision } from './controller-revision.ts'
import { validateNewStatefulSet, validateStatefulSetChange } from './stateful-set.ts'

const created = (data: unknown, revision = 1): readonly string[] => validateNewRevision({ metadata: { name: 'r' }, data, revision } as unknown as ControllerRevision).map(fieldErrorText)

test('a revision holds an object, and knows its number', () => {
  expect(created({})).toEqual([])
  expect(created(undefined, -1)).toEqual(['revision: Invalid value: -1: must be greater than or equal to 0', 'data: Required value: data is mandatory'])
  expect(created('text')).toEqual(['data: Required value: data must be a valid JSON object'])
})

test('the name of the service is no reason to refuse an update', () => {
  const template = { metadata: { labels: { app: 'db' } }, spec: { containers: [{ name: 'db', image: 'db', imagePullPolicy: 'Always', terminationMessagePolicy: 'File' }] } }
  const set = (replicas: number): StatefulSet => defaultStatefulSet({ metadata: { name: 'db' }, spec: { replicas, serviceName: 'Not.A.Label', selector: { matchLabels: { app: 'db' } }, template } })
  expect(validateNewStatefulSet(set(1)).map(({ field }) => field)).toEqual(['spec.serviceName'])
  expect(validateStatefulSetChange(set(2), set(1), { nowMs: 0, subresource: '', userName: 'test' })).toEqual([])
})
