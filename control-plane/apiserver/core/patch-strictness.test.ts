import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer, type TestServer } from './testing.ts'

let server: TestServer
const at = '/api/v1/namespaces/x/configmaps/a'

beforeAll(async () => {
  server = await startTestServer()
  await server.ask('POST /api/v1/namespaces/x/configmaps', { metadata: { name: 'a' }, data: { k: 'v' } })
})
afterAll(() => server.stop())

const type = (name: string): Readonly<Record<string, string>> => ({ 'content-type': `application/${name}+json` })

async function patched(kind: string, body: string, query = ''): Promise<readonly [number, string | undefined, readonly string[]]> {
  const { status, body: answer, warnings } = await server.ask(`PATCH ${at}${query}`, new TextEncoder().encode(body), type(kind))
  return [status, status === 200 ? undefined : String(answer['message']), warnings]
}

test('keys that stand twice in a patch are told of, or refused', async () => {
  const twice = '{"data":{"k":"1","k":"2"},"nothing":1}'
  for (const kind of ['merge-patch', 'strategic-merge-patch']) {
    expect(await patched(kind, twice)).toEqual([200, undefined, ['duplicate field "data.k"', 'unknown field "nothing"']])
    expect(await patched(kind, twice, '?fieldValidation=Ignore')).toEqual([200, undefined, []])
    expect((await patched(kind, twice, '?fieldValidation=Strict'))[1]).toMatch(/: strict decoding error: duplicate field "data.k", unknown field "nothing"$/)
  }
  const operation = '[{"op":"add","path":"/data/z","value":"1","extra":1,"op":"add"}]'
  expect(await patched('json-patch', operation)).toEqual([200, undefined, ['json patch unknown field "[0].extra"', 'json patch duplicate field "[0].op"']])
  expect((await patched('json-patch', operation, '?fieldValidation=Strict'))[1]).toMatch(/: strict decoding error: json patch unknown field "\[0\]\.extra", json patch duplicate field "\[0\]\.op"$/)
})

test.each([
  ['[5]', 'json: cannot unmarshal number into Go value of type handlers.jsonPatchOp'],
  ['[{"op":5,"path":"/data"}]', 'json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string'],
  ['[{"op":"add","path":{}}]', 'json: cannot unmarshal object into Go struct field jsonPatchOp.path of type string'],
])('%s is no JSON patch', async (body, message) => {
  expect(await patched('json-patch', body)).toEqual([400, `error decoding patch: ${message}`, []])
})

test.each([
  ['merge-patch', '{"kind":"Foo"}', 'no kind "Foo" is registered for version "v1" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"'],
  ['merge-patch', '{"kind":"Secret"}', 'converting (v1.Secret) to (core.ConfigMap): unknown conversion'],
  ['merge-patch', '{"apiVersion":"a/b/c"}', 'unexpected GroupVersion string: a/b/c'],
  ['json-patch', '[{"op":"replace","path":"/kind","value":"Foo"}]', 'no kind "Foo" is registered for version "v1" in scheme "k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30"'],
])('%s %s makes something else of an object', async (kind, body, problem) => {
  const [status, message = ''] = await patched(kind, body)
  expect(status).toBe(422)
  expect(message.startsWith(' "" is invalid: patch: Invalid value: "{')).toBe(true)
  expect(message.endsWith(`: ${problem}`)).toBe(true)
})
