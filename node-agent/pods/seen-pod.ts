import type { Pod } from '../../shared/model/gen/api.ts'
import { isStatic } from '../static-pods/is-static.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { sameButTimeline, withoutTimeline } from '../../shared/model/start-timeline.ts'
import { formatNanoTime } from '../../shared/model/time.ts'

/** The pod as the downward API shows it: with the annotations that kubelet adds to its own copy. Pure. */
export const podAsSeen = (pod: Pod, firstSeenMs: number): Pod => ({
  ...pod,
  metadata: { ...pod.metadata, annotations: { ...withoutTimeline(pod.metadata.annotations), 'kubernetes.io/config.seen': formatNanoTime(firstSeenMs), ...(isStatic(pod) ? {} : { 'kubernetes.io/config.source': 'api' }) } },
})

/** Whether files made from the pod itself say something else now. */
export function downwardFilesChanged(before: Pod, now: Pod): boolean {
  const shown = (now.spec?.volumes ?? []).some((one) => one.downwardAPI !== undefined || one.projected?.sources?.some((source) => source.downwardAPI !== undefined) === true)
  return shown && !(deepEqual(before.metadata.labels, now.metadata.labels) && sameButTimeline(before.metadata.annotations, now.metadata.annotations))
}
