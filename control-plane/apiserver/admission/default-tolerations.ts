import type { Pod, Toleration } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { isCore, type AdmissionPlugin } from './plugin.ts'

const SECONDS = 300
const KEYS = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'] as const

/** A pod stays five minutes on a node that is lost, unless it says otherwise. */
export const defaultTolerationSeconds: AdmissionPlugin = {
  name: 'DefaultTolerationSeconds',
  resources: ['/pods'],
  mutate(request) {
    if (!isCore(request, 'pods') || request.subresource !== '') return request.object
    const pod = request.object as unknown as Pod
    const given = pod.spec?.tolerations ?? []
    const added = KEYS.filter((key) => !given.some((toleration) => tolerates(toleration, key)))
    if (added.length === 0) return request.object
    const tolerations = [...given, ...added.map((key): Toleration => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: SECONDS }))]
    return { ...pod, spec: { ...pod.spec, tolerations } } as unknown as JsonObject
  },
}

const tolerates = (toleration: Toleration, key: string): boolean =>
  ((toleration.key ?? '') === '' || toleration.key === key) && ((toleration.effect ?? '') === '' || toleration.effect === 'NoExecute')
