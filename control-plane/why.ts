import { formatMicroTime } from '../shared/model/time.ts'
import type { Pod } from '../shared/model/gen/api.ts'
import { objectKey } from '../shared/model/meta.ts'
import type { ApiRequest, ApiResponse, Handle } from './apiserver/request.ts'
import type { Lister } from './informers/port.ts'
import type { Scheduler } from './scheduler/scheduler.ts'

const PATH = /^\/gantry\/v1\/why\/pods\/([^/]+)\/([^/]+)$/

const json = (status: number, body: unknown): ApiResponse => ({ kind: 'body', status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

/** `GET /gantry/v1/why/pods/NAMESPACE/NAME`: the scheduler's last decision on the pod, and how every node looks to it now. Only for `system:masters`. */
export function withWhy(handle: Handle, from: { readonly scheduler: () => Scheduler | undefined; readonly pods: Lister<Pod> }): Handle {
  return (request: ApiRequest) => {
    const match = PATH.exec(request.path)
    if (!match || !request.user.groups.includes('system:masters')) return handle(request)
    const [, namespace = '', name = ''] = match
    const pod = from.pods.get(objectKey(namespace, name))
    if (!pod) return Promise.resolve(json(404, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'NotFound', code: 404, message: `pods "${name}" not found`, details: { name, kind: 'pods' } }))
    const scheduler = from.scheduler()
    if (!scheduler) return Promise.resolve(json(503, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', reason: 'ServiceUnavailable', code: 503, message: 'decisions are the leader\'s to explain, and this control plane does not lead (yet): ask again, or another one' }))
    const { decision, now } = scheduler.why(pod)
    return Promise.resolve(json(200, { pod: { namespace, name, nodeName: pod.spec?.nodeName ?? null }, decision: decision ? { ...decision.placement, decidedAt: formatMicroTime(decision.decidedMs) } : null, now }))
  }
}
