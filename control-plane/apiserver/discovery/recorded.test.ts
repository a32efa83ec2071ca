/** Discovery and OpenAPI agree with what Kubernetes answered. */
import { describe, expect, test } from 'vitest'
import { createMetrics } from '../../../shared/kit/metrics.ts'
import { recordedCases, type RecordedStep } from '../../../test/conformance/recordings.ts'
import { createSite } from '../http/site.ts'
import { createOpenApi } from '../openapi/openapi.ts'
import { servedKinds } from '../../registry/registry.ts'
import { createDiscovery } from './discovery.ts'

const kinds = (): typeof servedKinds => servedKinds
const site = createSite({
  core: async () => ({ kind: 'body', status: 500, headers: {}, body: '' }),
  authorize: () => ({ kind: 'allow', reason: '' }),
  discovery: createDiscovery({ kinds, serverAddress: '127.0.0.1:6443' }),
  openapi: createOpenApi({ kinds }),
  checks: [],
  metrics: createMetrics(),
  issuer: { configuration: {}, keys: {} },
  version: '0.0.0',
})

interface Step extends RecordedStep {
  readonly accept?: string
  readonly pick?: readonly string[]
}

/** As the replayer picks: a path of keys with `*` for all. */
function picked(body: unknown, paths: readonly string[] | undefined): unknown {
  if (!paths || body === null || typeof body !== 'object') return body
  const keep = (value: unknown, rest: readonly string[]): unknown => {
    const [first, ...more] = rest
    if (first === undefined || value === null || typeof value !== 'object') return value
    if (first === '*') return Array.isArray(value) ? value.map((item) => keep(item, more)) : Object.fromEntries(Object.entries(value).map(([key, item]) => [key, keep(item, more)]))
    const member = (value as Readonly<Record<string, unknown>>)[first]
    return member === undefined ? undefined : keep(member, more)
  }
  return Object.fromEntries(paths.map((path) => [path, keep(body, path.split('.'))]))
}

async function answerTo(step: Step): Promise<unknown> {
  const [method = '', target = ''] = (step.do ?? '').split(' ')
  const [path = '', query = ''] = target.split('?')
  const answer = await site({ method, path, query: new URLSearchParams(query), headers: { accept: step.accept }, body: new Uint8Array(), user: { name: 'admin', uid: '', groups: ['system:masters'], extra: {} }, remoteAddress: '', signal: new AbortController().signal })
  if (answer.kind !== 'body') throw new Error('not a body')
  const type = (answer.headers['content-type'] ?? '').replace(/;\s*charset=.*/, '')
  const text = answer.body.toString()
  return { status: answer.status, type, body: picked(type.startsWith('application/json') ? (JSON.parse(text) as unknown) : text, step.pick) }
}

/** Drops what is `undefined` and orders keys, as JSON does not tell them. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown

describe('recorded', () => {
  for (const one of recordedCases('discovery')) {
    test(one.case, async () => {
      for (const step of one.steps as readonly Step[]) {
        const { status, type, body } = step.answer ?? { status: 0 }
        expect(plain(await answerTo(step))).toEqual(plain({ status, type, body }))
      }
    })
  }
})

test('mutating policies are stored as the server before can read them', async () => {
  const { body } = (await answerTo({ do: 'GET /apis/admissionregistration.k8s.io/v1' })) as { readonly body: { readonly resources: ReadonlyArray<{ readonly name: string; readonly storageVersionHash?: string }> } }
  const hashes = Object.fromEntries(body.resources.map(({ name, storageVersionHash }) => [name, storageVersionHash]))
  expect(hashes).toMatchObject({ mutatingadmissionpolicies: 'LYmCf+UMVdg=', mutatingadmissionpolicybindings: '90V5FRZZ3Zg=', validatingadmissionpolicies: '6OxvlMmQ6is=' })
})

test('the beta of the aggregated form is served no more', async () => {
  const beta = 'application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList'
  expect(await answerTo({ do: 'GET /apis', accept: beta })).toMatchObject({ status: 406, body: { message: 'only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf' } })
  expect(await answerTo({ do: 'GET /apis', accept: `${beta},application/json` })).toMatchObject({ status: 200, type: 'application/json', body: { kind: 'APIGroupList' } })
})

test('versions of custom groups are told of whatever the method', async () => {
  const [widget] = servedKinds.filter(({ plural }) => plural === 'configmaps').map((kind) => ({ ...kind, group: 'example.com', custom: { listKind: 'ConfigMapList' } }))
  const custom = createDiscovery({ kinds: () => [widget as (typeof servedKinds)[number]], serverAddress: '' })
  const line = { query: new URLSearchParams(), headers: {}, body: new Uint8Array(), user: { name: '', uid: '', groups: [], extra: {} }, remoteAddress: '', signal: new AbortController().signal }
  for (const method of ['HEAD', 'POST', 'GET']) expect(await custom.answer({ ...line, method, path: '/apis/example.com/v1' })).toMatchObject({ status: 200 })
})
