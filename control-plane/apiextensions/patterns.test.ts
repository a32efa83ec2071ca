import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../shared/model/json.ts'
import { hasPatterns, usePatterns } from '../../shared/model/structural/patterns.ts'
import { startTestServer, type TestServer } from '../apiserver/core/testing.ts'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

let server: TestServer
beforeAll(async () => {
  // Another file in this thread may have had them loaded.
  usePatterns(undefined)
  server = await startTestServer()
})
afterAll(() => server.stop())

const definition = (schema: JsonObject): JsonObject => ({
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Cluster',
    names: { plural: 'widgets', kind: 'Widget' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string', ...schema } } } } }],
  },
})

const problemsOf = async (schema: JsonObject, change: JsonObject = {}): Promise<Json | undefined> => (await server.ask(`POST ${DEFINITIONS}?dryRun=All`, { ...definition(schema), ...change })).body['message']

test('patterns of the first definition that has some are judged among everything else, before defaults', async () => {
  expect(hasPatterns()).toBe(false)
  expect(await problemsOf({ pattern: '^(?=a)', default: 5 }, { metadata: { name: 'Widgets.example.com' } })).toBe(
    [
      'CustomResourceDefinition.apiextensions.k8s.io "Widgets.example.com" is invalid: [',
      `metadata.name: Invalid value: "Widgets.example.com": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'), `,
      'metadata.name: Invalid value: "Widgets.example.com": must be spec.names.plural+"."+spec.group, ',
      'spec.validation.openAPIV3Schema.properties[a].pattern: Invalid value: "^(?=a)": must be a valid regular expression, but isn\'t: error parsing regexp: invalid or unsupported Perl syntax: `(?=`]',
    ].join(''),
  )
  expect(hasPatterns()).toBe(true)
})

test('a default that breaks its pattern is refused', async () => {
  expect(await problemsOf({ pattern: '^b$', default: 'a' })).toContain(`should match '^b$'`)
})

test('no text keeps a server busy', async () => {
  expect(await problemsOf({ pattern: '^(a+)+$', default: `${'a'.repeat(100_000)}!` })).toContain(`should match '^(a+)+$'`)
})
