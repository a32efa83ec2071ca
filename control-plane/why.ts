import type { Clock } from '../shared/kit/clock.ts'
import { formatMicroTime } from '../shared/model/time.ts'
import type { Pod } from '../shared/model/gen/api.ts'
import { objectKey } from '../shared/model/meta.ts'
import type { ApiRequest, ApiResponse, Handle } from './apiserver/request.ts'
import type { NodeLiveness } from './dispatch/liveness-port.ts'
import type { Lister } from './informers/port.ts'
import type { Scheduler } from './scheduler/scheduler.ts'

const POD = /^\/gantry\/v1\/why\/pods\/([^/]+)\/([^/]+)$/
const NODE = /^\/gantry\/v1\/why\/nodes\/([^/]+)$/

const json = (status: number, body: unknown): ApiResponse => ({ kind: 'body', status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
const failure = (code: number, reason: string, message: string): ApiResponse => json(code, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason, code, message })

/** What only the leader knows; `undefined` on others. */
export interface LeaderSight {
  readonly scheduler: Scheduler
  readonly liveness: NodeLiveness
}

interface WhyFrom {
  readonly leader: () => LeaderSight | undefined
  readonly pods: Lister<Pod>
  readonly clock: Clock
}

/**
 * What the leader knows and does not store, only for `system:masters`:
 * - `GET /gantry/v1/why/pods/NAMESPACE/NAME`: the scheduler's last decision on the pod, and how every node looks to it now.
 * - `GET /gantry/v1/why/nodes/NAME`: whether the node's agent gives signs of life (`NodeState`, times in ms of the wall clock that `nowMs` tells).
 */
export function withWhy(handle: Handle, from: WhyFrom): Handle {
  return async (request: ApiRequest) => {
    const pod = POD.exec(request.path)
    const node = NODE.exec(request.path)
    if ((!pod && !node) || !request.user.groups.includes('system:masters')) return await handle(request)
    const leader = from.leader()
    if (!leader) return failure(503, 'ServiceUnavailable', "this is the leader's to explain, and this control plane does not lead (yet): ask again, or another one")
    const [, first = '', second = ''] = pod ?? node ?? []
    return pod ? whyPod(leader.scheduler, from.pods, { namespace: first, name: second }) : json(200, { node: first, nowMs: from.clock.nowMs(), state: leader.liveness.stateOf(first) })
  }
}

function whyPod(scheduler: Scheduler, pods: Lister<Pod>, { namespace, name }: { readonly namespace: string; readonly name: string }): ApiResponse {
  const pod = pods.get(objectKey(namespace, name))
  if (!pod) return json(404, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'NotFound', code: 404, message: `pods "${name}" not found`, details: { name, kind: 'pods' } })
  const { decision, now } = scheduler.why(pod)
  return json(200, { pod: { namespace, name, nodeName: pod.spec?.nodeName ?? null }, decision: decision ? { ...decision.placement, decidedAt: formatMicroTime(decision.decidedMs) } : null, now })
}
