import { expect, test } from 'vitest'
import type { Node, Pod, Taint } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { planEviction } from './plan.ts'

const nowMs = 1_700_000_000_000
const pod = (tolerations: NonNullable<Pod['spec']>['tolerations'] = [], more: Partial<Pod['metadata']> = {}): Pod => ({ metadata: { name: 'p', ...more }, spec: { containers: [], tolerations } })
const node = (ready: string, ...taints: readonly Taint[]): Node => ({ metadata: { name: 'n' }, spec: { taints }, status: { conditions: [{ type: 'Ready', status: ready }] } })
const plan = (of: Pod, on: Node, life: Parameters<typeof planEviction>[0]['life'] = 'no-agent') => planEviction({ pod: of, node: on, life, seenMs: () => nowMs - 5_000, nowMs })

const out: Taint = { key: 'out', effect: 'NoExecute' }
const unreachable: Taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }
const fence: Taint = { key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute' }

test.each<[string, ReturnType<typeof plan>, ReturnType<typeof plan>]>([
  ['no taint', plan(pod(), node('True')), { kind: 'stay' }],
  ['a taint that only keeps newcomers away', plan(pod(), node('True', { key: 'x', effect: 'NoSchedule' })), { kind: 'stay' }],
  ['not tolerated', plan(pod(), node('True', out)), { kind: 'leave', inMs: 0 }],
  ['tolerated for ever', plan(pod([{ key: 'out', operator: 'Exists' }]), node('True', out)), { kind: 'stay' }],
  ['tolerated for a while, counted from when it was seen', plan(pod([{ key: 'out', operator: 'Exists', tolerationSeconds: 60 }]), node('True', out)), { kind: 'leave', inMs: 55_000 }],
  ['or from when it says it was added', plan(pod([{ key: 'out', operator: 'Exists', tolerationSeconds: 60 }]), node('True', { ...out, timeAdded: formatTime(nowMs - 20_000) })), { kind: 'leave', inMs: 40_000 }],
  ['for longer than a double counts exactly', plan(pod([{ key: 'out', operator: 'Exists', tolerationSeconds: 9223372036854775807n as unknown as number }]), node('True', out)), { kind: 'leave', inMs: 9.223372036854776e21 }],
  ['the shortest of several tolerations', plan(pod([{ operator: 'Exists' }, { key: 'out', operator: 'Exists', tolerationSeconds: 10 }]), node('True', out)), { kind: 'leave', inMs: 5_000 }],
  ['another value is not tolerated', plan(pod([{ key: 'out', value: 'b' }]), node('True', { ...out, value: 'a' })), { kind: 'leave', inMs: 0 }],
  ['leaving already', plan(pod([], { deletionTimestamp: 't' }), node('True', out)), { kind: 'stay' }],
  ['out of service and down: nobody is asked', plan(pod([], { deletionTimestamp: 't' }), node('Unknown', fence)), { kind: 'remove' }],
  ['out of service but up: as any other taint', plan(pod(), node('True', fence)), { kind: 'leave', inMs: 0 }],
  ['out of service, and the leader says that nothing of it runs', plan(pod(), node('True', fence), 'fenced'), { kind: 'remove' }],
  ['unreachable, and the leader says that nothing of it runs, but somebody took the taint away', plan(pod(), node('Unknown', unreachable), 'fenced'), { kind: 'leave', inMs: 0 }],
  ['nobody knows whether it runs: no pod is taken from it, whatever somebody put on it', plan(pod(), node('Unknown', unreachable, fence), 'silent'), { kind: 'stay' }],
  ['nobody knows whether it runs, and another taint', plan(pod(), node('Unknown', unreachable, out), 'silent'), { kind: 'leave', inMs: 0 }],
  ['out of service, says somebody, but its agent speaks', plan(pod(), node('Unknown', fence), 'seen'), { kind: 'leave', inMs: 0 }],
  ['out of service under a value of its own: what its node spares is not removed', plan(pod([{ key: fence.key, value: 'nodeshutdown' }]), node('Unknown', { ...fence, value: 'broken' }), 'fenced'), { kind: 'leave', inMs: 0 }],
  ['and what its node has stopped is', plan(pod([{ key: fence.key, value: 'broken' }]), node('Unknown', { ...fence, value: 'broken' }), 'fenced'), { kind: 'remove' }],
  ['out of service, tolerated', plan(pod([{ key: fence.key, operator: 'Exists' }]), node('Unknown', fence)), { kind: 'stay' }],
])('%s', (_title, is, wanted) => expect(is).toEqual(wanted))
