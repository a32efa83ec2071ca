import type { CgroupDetail, Cgroups, CgroupUsage } from '../cgroups/port.ts'
import { podLimits } from '../cgroups/pod-limits.ts'
import { trafficOf, type DeviceTraffic } from '../host/net-dev.ts'
import { containerRecord, containersOf, type PodRecord } from '../pods/record.ts'
import { containerLimits } from '../runtime/oci-resources.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { podStorage, type PodStorage, type StorageFolders } from './storage.ts'
import { volumeUses, type VolumeUse } from './volume-use.ts'

/** What a group uses, and what it may use. */
interface BoundedUsage extends CgroupUsage {
  readonly memoryLimitBytes?: number | undefined
  /** Only where all is told. */
  readonly detail?: CgroupDetail | undefined
}

export interface ContainerUsage extends BoundedUsage {
  readonly name: string
  readonly startedMs?: number | undefined
}

export interface PodUsage extends BoundedUsage {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly startedMs?: number | undefined
  readonly containers: readonly ContainerUsage[]
  /** Of a pod with a network of its own. */
  readonly network?: readonly DeviceTraffic[] | undefined
  /** Only where it was asked for: files are counted one by one. */
  readonly storage?: PodStorage | undefined
  readonly volumes?: readonly VolumeUse[] | undefined
}

export interface UsageDoor {
  readonly cgroups: Pick<Cgroups, 'usage' | 'detail' | 'podPath' | 'pids'>
  /** Where the pod's files are, if all is to be told of the pod. */
  readonly folders?: StorageFolders | undefined
}

/** What one pod and its containers use now; nothing for what does not run. */
export async function podUsage({ cgroups, folders }: UsageDoor, { pod, record }: { readonly pod: Pod; readonly record: PodRecord }): Promise<PodUsage | undefined> {
  const uid = pod.metadata.uid ?? ''
  const path = cgroups.podPath(uid)
  const whole = await cgroups.usage(path)
  if (whole === undefined) return undefined
  const detailOf = async (group: string): Promise<CgroupDetail | undefined> => (folders === undefined ? undefined : cgroups.detail(group))
  const [detail, containers, network, storage, volumes] = await Promise.all([
    detailOf(path),
    Promise.all(
      containersOf(pod).map(async ({ spec }): Promise<readonly ContainerUsage[]> => {
        const { now } = containerRecord(record, spec.name)
        const usage = now.kind === 'running' ? await cgroups.usage(`${path}/${now.id}`) : undefined
        return usage === undefined || now.kind !== 'running' ? [] : [{ name: spec.name, startedMs: now.startedMs, memoryLimitBytes: containerLimits(spec.resources).memoryBytes, ...usage, detail: await detailOf(`${path}/${now.id}`) }]
      }),
    ),
    pod.spec?.hostNetwork === true ? undefined : podTraffic(cgroups, path),
    // What cannot be counted of one pod is left out: the others are told all the same.
    folders && podStorage(folders, { pod, record }).catch(() => undefined),
    folders && volumeUses({ pod, record }),
  ])
  return { namespace: pod.metadata.namespace ?? '', name: pod.metadata.name ?? '', uid, startedMs: record.firstSeenMs, memoryLimitBytes: podLimits(pod).memoryBytes, ...whole, detail, containers: containers.flat(), network, storage, volumes }
}

/** All processes of a pod see its network: any of them tells. */
async function podTraffic(cgroups: UsageDoor['cgroups'], path: string): Promise<readonly DeviceTraffic[] | undefined> {
  const [pid] = await cgroups.pids(path)
  return pid === undefined ? undefined : trafficOf(pid)
}
