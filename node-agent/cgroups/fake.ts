import { join } from 'node:path'
import { POD_PREFIX, type Cgroups, type PodLimits } from './port.ts'

/** Groups in memory. `onKill` is told the path, so that a fake runtime can end what runs below it. */
export function fakeCgroups(options: { readonly parent?: string; readonly onKill?: (path: string) => Promise<void> } = {}): Cgroups & { readonly pods: ReadonlyMap<string, PodLimits>; readonly limits: ReadonlyMap<string, PodLimits> } {
  const parent = options.parent ?? '/gantry'
  const pods = new Map<string, PodLimits>()
  const limits = new Map<string, PodLimits>()
  const podPath = (uid: string): string => join(parent, `${POD_PREFIX}${uid}`)
  return {
    version: 2,
    hasHugePages: true,
    boundsSwap: true,
    pods,
    /** As they were changed last, by path. */
    limits,
    podPath,
    createPod: async (uid, wanted) => {
      pods.set(uid, wanted)
      limits.set(podPath(uid), wanted)
    },
    setLimits: async (path, changed) => void limits.set(path, changed),
    remove: async (path) => {
      for (const uid of pods.keys()) if (podPath(uid) === path) pods.delete(uid)
      for (const one of limits.keys()) if (one === path || one.startsWith(`${path}/`)) limits.delete(one)
    },
    killAll: async (path) => options.onKill?.(path),
    oomKills: async () => 0,
    memoryPeak: async () => undefined,
    usage: async () => undefined,
    detail: async () => ({ pressures: {} }),
    pids: async () => [],
    list: async () => [...pods.keys()],
  }
}
