import { expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import type { ApiResponse } from '../request.ts'
import { scaleAnswer, type Rendering } from './objects.ts'
import type { Representation } from './negotiate.ts'

const scale: JsonObject = { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name: 'web', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z' }, spec: { replicas: 3 }, status: { replicas: 2 } }
const rendering = (as: Representation['as'], custom?: object): Rendering => ({ store: { definition: { custom } } as unknown as Rendering['store'], representation: { as, version: 'v1', media: 'application/json', pretty: false }, query: new URLSearchParams(), nowMs: Date.parse('2026-01-01T00:01:00Z') })
const parsed = (answer: ApiResponse): unknown => JSON.parse(answer.kind === 'body' ? String(answer.body) : 'null')

test('a scale is a row of its own columns', () => {
  const table = parsed(scaleAnswer(scale, rendering('Table')))
  expect(table).toMatchObject({ kind: 'Table', metadata: { resourceVersion: '7' }, columnDefinitions: ['Name', 'Desired', 'Available', 'Age'].map((name) => ({ name })), rows: [{ cells: ['web', 3, 2, '60s'], object: { kind: 'PartialObjectMetadata' } }] })
})

test('that of a custom resource has words of its own, and no cell for what it does not say', () => {
  const asked = (one: JsonObject): unknown => parsed(scaleAnswer(one, rendering('Table', {})))
  expect(asked(scale)).toMatchObject({
    columnDefinitions: [{ name: 'Name' }, { name: 'Desired', type: 'integer', description: 'Number of desired replicas' }, { name: 'Available', description: 'Number of actual replicas' }, { name: 'Age', type: 'date' }],
    rows: [{ cells: ['web', 3, 2, '60s'] }],
  })
  expect(asked({ ...scale, spec: {}, status: { replicas: 0 } })).toMatchObject({ rows: [{ cells: ['web', null, 0, '60s'] }] })
})

test('a scale is an object, or its metadata, and never a list', () => {
  expect(parsed(scaleAnswer(scale, rendering('object')))).toEqual(scale)
  expect(parsed(scaleAnswer(scale, rendering('PartialObjectMetadata')))).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'web' } })
  expect(() => scaleAnswer(scale, rendering('PartialObjectMetadataList'))).toThrow('not a list')
})
