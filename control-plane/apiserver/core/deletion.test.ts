import { expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import { kinds } from '../../registry/registry.ts'
import type { DeleteOptions } from '../options/delete-options.ts'
import { planDeletion, planNamespaceDeletion } from './deletion.ts'
import { startTestServer } from './testing.ts'

const podKind = kinds.find(({ kind, group }) => kind === 'Pod' && group === '')

test.each<[number | bigint, string]>([
  [30, '1970-01-01T00:00:30Z'],
  [9_223_372_036, '2262-04-11T23:47:16Z'],
  // Go's durations go round: a time that clients cannot read would be worse.
  [9_223_372_037, '1677-09-21T00:12:43Z'],
  [9007199254740993n, '2116-02-20T23:53:39Z'],
  [9223372036854775807n, '1969-12-31T23:59:59Z'],
])('a grace of %s s ends at %s', (terminationGracePeriodSeconds, deletionTimestamp) => {
  if (!podKind) throw new Error('there is no kind Pod')
  const pod = { metadata: { name: 'p' }, spec: { nodeName: 'n1', terminationGracePeriodSeconds } }
  const marked = planDeletion(podKind, pod, { options: { dryRun: false }, nowMs: 0 })
  expect(marked).toMatchObject({ kind: 'mark', object: { metadata: { deletionTimestamp, deletionGracePeriodSeconds: terminationGracePeriodSeconds } } })
})

test('a pod marked without grace, whose server died before taking it away, is taken away by the next delete', () => {
  if (!podKind) throw new Error('there is no kind Pod')
  const pod = { metadata: { name: 'p', deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 }, spec: { nodeName: 'n1' } }
  const deletion = (seconds: number | undefined): unknown => planDeletion(podKind, pod, { options: { gracePeriodSeconds: seconds, dryRun: false }, nowMs: 0 }).kind
  expect([deletion(0), deletion(30), deletion(undefined)]).toEqual(['remove', 'remove', 'remove'])
})

test('the first delete marks a namespace, with what it says of dependents; only one that is emptied goes by a delete', () => {
  const namespaceKind = kinds.find(({ kind, group }) => kind === 'Namespace' && group === '')
  if (!namespaceKind) throw new Error('there is no kind Namespace')
  const planned = (namespace: JsonObject, options: Partial<DeleteOptions>): unknown => planNamespaceDeletion(namespaceKind, namespace, { options: { dryRun: false, ...options }, nowMs: 0 })
  const metadata = { name: 'n', finalizers: ['example.com/hold'] }
  const marked = (finalizers: readonly string[]): unknown => ({ kind: 'mark', object: { metadata: { name: 'n', deletionTimestamp: '1970-01-01T00:00:00Z', finalizers }, status: { phase: 'Terminating' } } })
  expect(planned({ metadata, spec: {} }, {})).toMatchObject({ kind: 'mark', object: { status: { phase: 'Terminating' } } })
  expect(planned({ metadata }, { propagationPolicy: 'Background' })).toEqual(marked(['example.com/hold']))
  expect(planned({ metadata }, { propagationPolicy: 'Orphan' })).toEqual(marked(['example.com/hold', 'orphan']))
  expect(planned({ metadata }, { propagationPolicy: 'Foreground' })).toEqual(marked(['example.com/hold', 'foregroundDeletion']))
  expect(planned({ metadata }, { orphanDependents: false })).toEqual(marked(['example.com/hold', 'foregroundDeletion']))
  const going = { name: 'n', deletionTimestamp: '1970-01-01T00:00:00Z' }
  expect(planned({ metadata: going, spec: { finalizers: ['kubernetes'] } }, { propagationPolicy: 'Orphan' })).toEqual({ kind: 'pending' })
  expect(planned({ metadata: going, spec: {} }, {})).toEqual({ kind: 'remove' })
})

test('a precondition of a namespace that does not hold is told in words of its own', async () => {
  const server = await startTestServer()
  const refused = async (preconditions: object): Promise<unknown> => (await server.ask('DELETE /api/v1/namespaces/x', { kind: 'DeleteOptions', apiVersion: 'v1', preconditions })).body['message']
  const { metadata } = (await server.ask('GET /api/v1/namespaces/x')).body as { readonly metadata: { readonly uid: string; readonly resourceVersion: string } }
  expect(await refused({ uid: 'u' })).toBe(`Operation cannot be fulfilled on namespaces "x": Precondition failed: UID in precondition: u, UID in object meta: ${metadata.uid}`)
  expect(await refused({ resourceVersion: '1' })).toBe(`Operation cannot be fulfilled on namespaces "x": Precondition failed: ResourceVersion in precondition: 1, ResourceVersion in object meta: ${metadata.resourceVersion}`)
  server.stop()
})
