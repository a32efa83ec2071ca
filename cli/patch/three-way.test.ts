import { expect, test } from 'vitest'
import { typeOfKind } from '../files/schemas.ts'
import type { Type } from '../../shared/model/schemas/types.ts'
import { threeWayMerge, threeWayStrategic } from './three-way.ts'
import { diffMaps, type Members } from './strategic.ts'

const deployment = typeOfKind({ apiVersion: 'apps/v1', kind: 'Deployment' }) as Type
const withContainers = (...containers: readonly Members[]): Members => ({ spec: { template: { spec: { containers } } } })
const patchOf = (sides: { readonly original: Members; readonly modified: Members; readonly current: Members }): unknown => threeWayStrategic(deployment, sides)

test('nothing is sent when all is as wanted, whatever else there is', () => {
  const wanted = withContainers({ name: 'a', image: 'x' })
  expect(patchOf({ original: wanted, modified: wanted, current: { ...withContainers({ name: 'a', image: 'x', imagePullPolicy: 'Always' }, { name: 'added-by-another' }), status: {} } })).toEqual({})
})

test('what was changed is sent with the keys of its lists', () => {
  expect(patchOf({ original: withContainers({ name: 'a', image: 'x' }), modified: withContainers({ name: 'a', image: 'y' }), current: withContainers({ name: 'a', image: 'x', tty: true }) })).toEqual({
    spec: { template: { spec: { containers: [{ name: 'a', image: 'y' }], '$setElementOrder/containers': [{ name: 'a' }] } } },
  })
})

test('what is not wanted any more is taken away, what others added stays', () => {
  const original = { metadata: { labels: { a: '1', b: '2' } }, spec: { paused: true } }
  const modified = { metadata: { labels: { a: '1' } }, spec: {} }
  const current = { metadata: { labels: { a: '1', b: '2', other: '3' } }, spec: { paused: true, replicas: 1 } }
  expect(patchOf({ original, modified, current })).toEqual({ metadata: { labels: { b: null } }, spec: { paused: null } })
})

test('an item that is gone is deleted by its key', () => {
  const both = withContainers({ name: 'a', image: 'x' }, { name: 'b', image: 'x' })
  expect(patchOf({ original: both, modified: withContainers({ name: 'a', image: 'x' }), current: both })).toEqual({
    spec: { template: { spec: { containers: [{ $patch: 'delete', name: 'b' }] } } },
  })
})

test('a field taken out of an item and one changed in it meet in one item', () => {
  expect(
    patchOf({ original: withContainers({ name: 'a', image: 'x', tty: true }), modified: withContainers({ name: 'a', image: 'y' }), current: withContainers({ name: 'a', image: 'x', tty: true }) }),
  ).toEqual({ spec: { template: { spec: { containers: [{ name: 'a', image: 'y', tty: null }], '$setElementOrder/containers': [{ name: 'a' }] } } } })
})

test('a list without a key is replaced', () => {
  expect(patchOf({ original: withContainers({ name: 'a', command: ['x'] }), modified: withContainers({ name: 'a', command: ['x', 'y'] }), current: withContainers({ name: 'a', command: ['x'] }) })).toMatchObject({ spec: { template: { spec: { containers: [{ name: 'a', command: ['x', 'y'] }] } } } })
})

test('a union keeps only what is wanted of it', () => {
  const rolling = { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } }
  expect(patchOf({ original: {}, modified: { spec: { strategy: { type: 'Recreate' } } }, current: rolling })).toEqual({ spec: { strategy: { type: 'Recreate', $retainKeys: ['type'] } } })
})

test('finalizers are added and removed one by one', () => {
  const [before, after] = [{ metadata: { finalizers: ['a/x', 'b/x'] } }, { metadata: { finalizers: ['b/x', 'c/x'] } }]
  expect(diffMaps(deployment, { before, after }, {})).toEqual({ metadata: { finalizers: ['c/x'], '$deleteFromPrimitiveList/finalizers': ['a/x'], '$setElementOrder/finalizers': ['b/x', 'c/x'] } })
})

test('kinds without a schema get a merge patch: lists are replaced', () => {
  const original = { spec: { items: [1], gone: true } }
  expect(threeWayMerge({ original, modified: { spec: { items: [1, 2] } }, current: { ...original, status: 1 } })).toEqual({ spec: { items: [1, 2], gone: null } })
})
