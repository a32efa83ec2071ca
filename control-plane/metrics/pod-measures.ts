import type { Pod } from '../../shared/model/gen/api.ts'
import type { MeasuredPod } from '../../shared/model/node-usage.ts'
import { apiServices } from '../../shared/model/resources.ts'
import type { Informers } from '../informers/port.ts'
import { METRICS_SERVICE } from '../registry/updates/api-service.ts'
import type { NodeUsages } from './usages.ts'

/** What was measured of a pod that runs, and when. */
export interface PodMeasure extends MeasuredPod {
  readonly pod: Pod
  readonly atMs: number
}

/** In the order of the pods; those of which nothing is known are left out. */
export async function podMeasures(usages: NodeUsages, pods: readonly Pod[]): Promise<readonly PodMeasure[]> {
  const running = pods.filter(({ spec, status }) => spec?.nodeName !== undefined && spec.nodeName !== '' && status?.phase === 'Running')
  const names = [...new Set(running.map(({ spec }) => spec?.nodeName ?? ''))]
  const reports = new Map(await Promise.all(names.map(async (name) => [name, await usages(name)] as const)))
  return running.flatMap((pod) => {
    const report = reports.get(pod.spec?.nodeName ?? '')
    const measured = report?.pods.find(({ uid }) => uid === pod.metadata.uid)
    return report && measured ? [{ ...measured, pod, atMs: report.atMs }] : []
  })
}

/** The same for autoscalers, by uid: nothing at all where the metrics API is not served, which they would have to ask elsewhere. */
export function servedMeasures(usages: NodeUsages, informers: Informers): (pods: readonly Pod[]) => Promise<ReadonlyMap<string, PodMeasure> | undefined> {
  const services = informers.for(apiServices)
  return async (pods) => (services.get(METRICS_SERVICE) === undefined ? undefined : new Map((await podMeasures(usages, pods)).map((one) => [one.uid, one])))
}
