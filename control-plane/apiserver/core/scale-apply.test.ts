import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import { startTestServer, type TestServer } from './testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const APPLY = { 'content-type': 'application/apply-patch+yaml' }
const path = (name: string): string => `/apis/apps/v1/namespaces/x/deployments/${name}`
const deployment = (name: string): JsonObject => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { replicas: 1, selector: { matchLabels: { a: 'b' } }, template: { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } } } })
const scale = (name: string, replicas: number): JsonObject => ({ apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name }, spec: { replicas } })

interface Owner {
  readonly manager: string
  readonly operation: string
  readonly apiVersion: string
  readonly subresource?: string
  readonly fieldsV1: { readonly 'f:spec'?: Readonly<Record<string, unknown>> }
}

async function ownersOf(name: string): Promise<ReadonlyArray<readonly [string, string, string, string | undefined, boolean]>> {
  const { body } = await server.ask(`GET ${path(name)}`)
  const owners = (body['metadata'] as JsonObject)['managedFields'] as unknown as readonly Owner[]
  return owners.map(({ manager, operation, apiVersion, subresource, fieldsV1 }) => [manager, operation, apiVersion, subresource, fieldsV1['f:spec']?.['f:replicas'] !== undefined])
}

test('an apply of a Scale conflicts with who applied the replicas, and takes them by force', async () => {
  await server.ask(`PATCH ${path('a')}?fieldManager=first`, deployment('a'), APPLY)
  expect(await server.ask(`PATCH ${path('a')}/scale?fieldManager=second`, scale('a', 3), APPLY)).toMatchObject({ status: 409, body: { message: 'Apply failed with 1 conflict: conflict with "first": .spec.replicas' } })
  expect(await server.ask(`PATCH ${path('a')}/scale?fieldManager=second&force=true`, scale('a', 3), APPLY)).toMatchObject({ status: 200, body: { kind: 'Scale', spec: { replicas: 3 } } })
  expect(await ownersOf('a')).toEqual([
    ['first', 'Apply', 'apps/v1', undefined, false],
    ['second', 'Apply', 'apps/v1', 'scale', true],
  ])
})

test('who applies the same replicas shares them', async () => {
  await server.ask(`PATCH ${path('b')}?fieldManager=first`, deployment('b'), APPLY)
  expect(await server.ask(`PATCH ${path('b')}/scale?fieldManager=second`, scale('b', 1), APPLY)).toMatchObject({ status: 200 })
  expect((await ownersOf('b')).filter(([, , , , owns]) => owns)).toHaveLength(2)
})

test('a Scale of an object that is not there, of another kind or for another uid is refused', async () => {
  await server.ask(`PATCH ${path('c')}?fieldManager=first`, deployment('c'), APPLY)
  expect(await server.ask(`PATCH ${path('none')}/scale?fieldManager=second`, scale('none', 1), APPLY)).toMatchObject({ status: 404 })
  expect(await server.ask(`PATCH ${path('c')}/scale?fieldManager=second`, deployment('c'), APPLY)).toMatchObject({ status: 400, body: { message: 'invalid object type: apps/v1, Kind=Deployment' } })
  expect(await server.ask(`PATCH ${path('c')}/scale?fieldManager=first&force=true`, scale('c', -1), APPLY)).toMatchObject({ status: 422 })
  const other = { ...scale('c', 2), metadata: { name: 'c', uid: 'other' } }
  expect(await server.ask(`PUT ${path('c')}/scale`, other, { 'content-type': 'application/json' })).toMatchObject({ status: 409, body: { reason: 'Conflict' } })
})

test('an apply of a Scale that changes nothing writes nothing', async () => {
  await server.ask(`PATCH ${path('d')}?fieldManager=first`, deployment('d'), APPLY)
  await server.ask(`PATCH ${path('d')}/scale?fieldManager=second&force=true`, scale('d', 4), APPLY)
  const revision = async (): Promise<unknown> => ((await server.ask(`GET ${path('d')}`)).body['metadata'] as JsonObject)['resourceVersion']
  const before = await revision()
  await server.ask(`PATCH ${path('d')}/scale?fieldManager=second`, scale('d', 4), APPLY)
  expect(await revision()).toBe(before)
})
