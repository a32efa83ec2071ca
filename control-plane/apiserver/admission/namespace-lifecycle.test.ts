/** What is still made in a namespace that goes, or in none. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../core/testing.ts'

let server: TestServer
beforeAll(async () => void (server = await startTestServer()))
afterAll(() => server.stop())

const GOING = '/api/v1/namespaces/going'
const eviction = (name: string): object => ({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } })

test('nothing is made by subresources either where the namespace goes or is not there', async () => {
  await server.ask('POST /api/v1/namespaces', { metadata: { name: 'going' } })
  await server.ask(`POST ${GOING}/serviceaccounts`, { metadata: { name: 'default' } })
  await server.ask(`POST ${GOING}/pods`, { metadata: { name: 'p', finalizers: ['example.com/hold'] }, spec: { containers: [{ name: 'a', image: 'a' }] } })
  await server.ask(`DELETE ${GOING}`)
  const asked: ReadonlyArray<readonly [line: string, body: object, subject: string]> = [
    [`POST ${GOING}/pods/p/eviction`, eviction('p'), 'pods "p"'],
    [`POST ${GOING}/pods/p/binding`, { apiVersion: 'v1', kind: 'Binding', metadata: { name: 'p' }, target: { name: 'n' } }, 'pods "p"'],
    [`POST ${GOING}/serviceaccounts/default/token`, { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' }, 'serviceaccounts "default"'],
  ]
  for (const [line, body, subject] of asked) {
    expect((await server.ask(line, body)).body, line).toMatchObject({
      code: 403,
      message: `${subject} is forbidden: unable to create new content in namespace going because it is being terminated`,
      details: { causes: [{ reason: 'NamespaceTerminating', message: 'namespace going is being terminated', field: 'metadata.namespace' }] },
    })
  }
  expect((await server.ask('POST /api/v1/namespaces/none/pods/p/eviction', eviction('p'))).body['message']).toBe('namespaces "none" not found')
})

test('whether somebody may do something is told of any namespace', async () => {
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'LocalSubjectAccessReview', metadata: { namespace: 'none' }, spec: { user: 'a', resourceAttributes: { namespace: 'none', verb: 'get', resource: 'pods' } } }
  expect((await server.ask('POST /apis/authorization.k8s.io/v1/namespaces/none/localsubjectaccessreviews', review)).status).toBe(201)
})

test('a namespace whose name was made up can be selected by it, too', async () => {
  const { metadata } = (await server.ask('POST /api/v1/namespaces', { metadata: { generateName: 'made-' } })).body as { readonly metadata: { readonly name: string; readonly labels: unknown } }
  expect(metadata.labels).toEqual({ 'kubernetes.io/metadata.name': metadata.name })
})

test('the metadata of an event are looked at once nothing else is wrong with it', async () => {
  const refused = async (namespace: string): Promise<unknown> =>
    ((await server.ask('POST /api/v1/namespaces/x/events', { metadata: { name: 'e', labels: { 'a b': '' } }, involvedObject: { namespace } })).body['details'] as { readonly causes: ReadonlyArray<{ readonly field: string }> }).causes.map(({ field }) => field)
  expect(await refused('other')).toEqual(['involvedObject.namespace'])
  expect(await refused('x')).toEqual(['metadata.labels'])
})
