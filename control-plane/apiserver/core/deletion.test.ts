import { expect, test } from 'vitest'
import { kinds } from '../../registry/registry.ts'
import { planDeletion } from './deletion.ts'

const podKind = kinds.find(({ kind, group }) => kind === 'Pod' && group === '')

test('a pod marked without grace, whose server died before taking it away, is taken away by the next delete', () => {
  if (!podKind) throw new Error('there is no kind Pod')
  const pod = { metadata: { name: 'p', deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 0 }, spec: { nodeName: 'n1' } }
  const deletion = (seconds: number | undefined): unknown => planDeletion(podKind, pod, { options: { gracePeriodSeconds: seconds, dryRun: false }, nowMs: 0 }).kind
  expect([deletion(0), deletion(30), deletion(undefined)]).toEqual(['remove', 'remove', 'remove'])
})
