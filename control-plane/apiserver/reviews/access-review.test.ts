import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from '../core/testing.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.stop())

const GROUP = '/apis/authorization.k8s.io/v1'
const resourceAttributes = { verb: 'get', resource: 'pods' }
const ask = (spec: object, metadata: object = {}): Promise<unknown> => server.ask(`POST ${GROUP}/subjectaccessreviews`, { metadata, spec: { user: 'jane', ...spec } })

test('a question has no name, and the refusal quotes all its metadata in order', async () => {
  const answer = await ask({ resourceAttributes }, { labels: { b: '1', a: '2' }, name: 'q' })
  expect(answer).toMatchObject({ status: 422, body: { message: expect.stringMatching(/metadata: Invalid value: \{"name":"q","labels":\{"a":"2","b":"1"\},"managedFields":.*"fieldsV1":\{"f:metadata":.*"f:spec":\{"f:resourceAttributes":\{"\.":\{\},"f:resource":\{\},"f:verb":\{\}\},"f:user":\{\}\}\}\}\]\}: must be empty$/) } })
})

test('a namespace is no matter to one that has none', async () => {
  expect(await ask({ resourceAttributes }, { namespace: 'x' })).toMatchObject({ status: 201, body: { metadata: expect.not.objectContaining({ namespace: 'x' }) } })
})

test('requirements are looked at beside a raw selector, those of labels as labels', async () => {
  const requirements = [{ key: 'a b', operator: 'In', values: [] }, { key: '', operator: 'Near' }]
  const answer = await ask({ resourceAttributes: { ...resourceAttributes, fieldSelector: { rawSelector: 'a=b', requirements }, labelSelector: { requirements } } })
  const [fields, labels] = ['spec.resourceAttributes.fieldSelector', 'spec.resourceAttributes.labelSelector']
  const values = "Required value: must be specified when `operator` is 'In' or 'NotIn'"
  expect(answer).toMatchObject({ status: 422, body: { details: { causes: [
    { field: `${fields}.rawSelector`, message: 'Invalid value: "a=b": may not specified at the same time as requirements' },
    { field: `${fields}.requirements[0].values`, message: values },
    { field: `${fields}.requirements[1].key`, message: 'Required value: must be specified' },
    { field: `${labels}.requirements[0].values`, message: values },
    { field: `${labels}.requirements[0].key`, message: expect.stringContaining('Invalid value: "a b": name part must consist of') },
    { field: `${labels}.requirements[1].key`, message: expect.stringContaining('Invalid value: "": name part must be non-empty') },
    { field: `${labels}.requirements[1].key` },
  ] } } })
})

test.each<readonly [fields: object | undefined, labels: object | undefined, told: string | undefined]>([
  [{ rawSelector: 'a=b' }, { rawSelector: 'a in (b)' }, undefined],
  [{ rawSelector: 'a' }, { rawSelector: 'a in' }, 'spec.resourceAttributes.fieldSelector ignored due to parse error; spec.resourceAttributes.labelSelector ignored due to parse error'],
  [{ requirements: [{ key: 'a', operator: 'In', values: ['b'] }, { key: 'a', operator: 'Exists' }] }, { requirements: [{ key: 'a', operator: 'Exists' }] }, 'spec.resourceAttributes.fieldSelector partially ignored due to parse error'],
  [{ requirements: [{ key: 'a', operator: 'In', values: ['b', 'c'] }] }, { requirements: [{ key: 'a', operator: 'Near' }] }, 'spec.resourceAttributes.fieldSelector ignored due to parse error; spec.resourceAttributes.labelSelector ignored due to parse error'],
])('selectors that cannot be read are told of: %j %j', async (fieldSelector, labelSelector, evaluationError) => {
  const answer = await server.ask(`POST ${GROUP}/subjectaccessreviews`, { spec: { user: 'jane', resourceAttributes: { ...resourceAttributes, fieldSelector, labelSelector } } })
  expect(answer.status).toBe(201)
  expect((answer.body['status'] as { readonly evaluationError?: string }).evaluationError).toBe(evaluationError)
})
