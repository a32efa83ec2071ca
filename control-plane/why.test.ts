import { expect, test } from 'vitest'
import { systemClock } from '../shared/kit/clock.ts'
import type { Pod } from '../shared/model/gen/api.ts'
import type { ApiRequest, ApiResponse } from './apiserver/request.ts'
import type { NodeState } from './dispatch/liveness-port.ts'
import type { Lister } from './informers/port.ts'
import type { Scheduler } from './scheduler/scheduler.ts'
import { withWhy, type LeaderSight } from './why.ts'

const POD = { metadata: { namespace: 'd', name: 'web' }, spec: { nodeName: 'n1' } } as unknown as Pod
const pods = { get: (key: string) => (key === 'd/web' ? POD : undefined) } as unknown as Lister<Pod>
const scheduler = { why: () => ({ decision: undefined, now: { verdicts: [] } }) } as unknown as Scheduler
const leading: LeaderSight = { scheduler, liveness: { stateOf: (name): NodeState => (name === 'n1' ? { kind: 'seen' } : { kind: 'no-agent' }), onChange: () => () => {} } }
const below: ApiResponse = { kind: 'body', status: 404, headers: {}, body: 'below' }

async function asked(path: string, { leader = leading, groups = ['system:masters'] }: { readonly leader?: LeaderSight | null; readonly groups?: readonly string[] } = {}) {
  const handle = withWhy(() => Promise.resolve(below), { leader: () => leader ?? undefined, pods, clock: { ...systemClock, nowMs: () => 5 } })
  const answer = await handle({ method: 'GET', path, query: new URLSearchParams(), headers: {}, body: new Uint8Array(), user: { name: 'u', uid: '', groups, extra: {} }, remoteAddress: '', signal: new AbortController().signal } satisfies ApiRequest)
  return answer.kind === 'body' ? { status: answer.status, body: String(answer.body) } : undefined
}

test('of a pod the decision, of a node its state', async () => {
  expect(await asked('/gantry/v1/why/pods/d/web')).toEqual({ status: 200, body: '{"pod":{"namespace":"d","name":"web","nodeName":"n1"},"decision":null,"now":{"verdicts":[]}}' })
  expect(await asked('/gantry/v1/why/pods/d/nope')).toMatchObject({ status: 404, body: expect.stringContaining('pods \\"nope\\" not found') as string })
  expect(await asked('/gantry/v1/why/nodes/n1')).toEqual({ status: 200, body: '{"node":"n1","nowMs":5,"state":{"kind":"seen"}}' })
})

test('who does not lead says so; others may not ask; other paths go on', async () => {
  for (const path of ['/gantry/v1/why/nodes/n1', '/gantry/v1/why/pods/d/web']) expect(await asked(path, { leader: null })).toMatchObject({ status: 503, body: expect.stringContaining('does not lead') as string })
  expect(await asked('/gantry/v1/why/nodes/n1', { groups: ['system:authenticated'] })).toEqual({ status: 404, body: 'below' })
  expect(await asked('/gantry/v1/why/nodes/n1/more')).toEqual({ status: 404, body: 'below' })
})
