import { messageOf } from '../../shared/kit/faults.ts'
import type { PodParts } from '../pods/parts.ts'
import { podUidHex } from '../pods/record.ts'

/** What was found on the node without an owner, and removed. */
export interface Collected {
  readonly kind: 'container' | 'snapshot' | 'network' | 'volumes' | 'cgroup'
  readonly name: string
  /** It could not be removed, and is to be tried again. */
  readonly failed?: true
}

type Parts = Pick<PodParts, 'runtime' | 'snapshots' | 'network' | 'volumes' | 'cgroups' | 'log'>

/**
 * Removes what belongs to no pod: containers, their snapshots, networks, volumes and groups. To be called once the assignments are known
 * completely. 
 * @param owners uids of all pods that are assigned or still being ended here, asked anew before each removal: a pod may come meanwhile.
 */
export async function collectGarbage(parts: Parts, owners: () => Iterable<string>): Promise<readonly Collected[]> {
  const ownsContainer = (id: string): boolean => [...owners()].some((uid) => podUidHex(uid) === id.slice(0, 32))
  const ownsPod = (uid: string): boolean => [...owners()].includes(uid)
  const { runtime, snapshots, network, volumes, cgroups } = parts
  const removed: Collected[] = []
  const sweep = async ({ kind, names, owns, remove }: Sweep): Promise<void> => {
    for (const name of names) {
      if (owns(name)) continue
      try {
        await remove(name)
        removed.push({ kind, name })
        parts.log.info({ kind, name }, 'removed what no pod owns')
      } catch (error) {
        removed.push({ kind, name, failed: true })
        parts.log.warn({ kind, name, err: messageOf(error) }, 'cannot remove what no pod owns')
      }
    }
  }
  // Containers first: they hold the rest.
  await sweep({ kind: 'container', names: await runtime.list(), owns: ownsContainer, remove: (id) => runtime.delete(id) })
  await sweep({ kind: 'snapshot', names: await snapshots.list(), owns: ownsContainer, remove: (key) => snapshots.remove(key) })
  await sweep({ kind: 'network', names: await network.list(), owns: ownsPod, remove: (uid) => network.detach(uid) })
  await sweep({ kind: 'volumes', names: await volumes.list(), owns: ownsPod, remove: (uid) => volumes.remove(uid) })
  await sweep({ kind: 'cgroup', names: await cgroups.list(), owns: ownsPod, remove: (uid) => removeGroup(cgroups, uid) })
  return removed
}

interface Sweep {
  readonly kind: Collected['kind']
  readonly names: readonly string[]
  readonly owns: (name: string) => boolean
  readonly remove: (name: string) => Promise<void>
}

async function removeGroup(cgroups: Parts['cgroups'], uid: string): Promise<void> {
  await cgroups.killAll(cgroups.podPath(uid))
  await cgroups.remove(cgroups.podPath(uid))
}
