import type { Cgroups } from '../cgroups/port.ts'
import { containerRecord, containersOf, type PodRecord } from '../pods/record.ts'
import type { Pod } from '../../shared/model/gen/api.ts'

export interface ContainerUsage {
  readonly name: string
  readonly cpuNanos: number
  readonly memoryBytes: number
}

export interface PodUsage {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly cpuNanos: number
  readonly memoryBytes: number
  readonly containers: readonly ContainerUsage[]
}

/** What one pod and its containers use now; nothing for what does not run. */
export async function podUsage(cgroups: Pick<Cgroups, 'usage' | 'podPath'>, { pod, record }: { readonly pod: Pod; readonly record: PodRecord }): Promise<PodUsage | undefined> {
  const uid = pod.metadata.uid ?? ''
  const path = cgroups.podPath(uid)
  const whole = await cgroups.usage(path)
  if (whole === undefined) return undefined
  const containers = await Promise.all(
    containersOf(pod).map(async ({ spec }): Promise<readonly ContainerUsage[]> => {
      const { now } = containerRecord(record, spec.name)
      const usage = now.kind === 'running' ? await cgroups.usage(`${path}/${now.id}`) : undefined
      return usage === undefined ? [] : [{ name: spec.name, ...usage }]
    }),
  )
  return { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name ?? '', uid, ...whole, containers: containers.flat() }
}
