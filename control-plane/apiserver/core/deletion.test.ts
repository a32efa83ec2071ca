import { expect, test } from 'vitest'
import { kinds } from '../../registry/registry.ts'
import { planDeletion } from './deletion.ts'

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
