import { join } from 'node:path'
import { POD_PREFIX, type Cgroups, type PodLimits } from './port.ts'

/** Groups in memory. `onKill` is told the path, so that a fake runtime can end what runs below it. */
export function fakeCgroups(options: { readonly parent?: string; readonly onKill?: (path: string) => Promise<void> } = {}): Cgroups & { readonly pods: ReadonlyMap<string, PodLimits> } {
  const parent = options.parent ?? '/gantry'
  const pods = new Map<string, PodLimits>()
  const podPath = (uid: string): string => join(parent, `${POD_PREFIX}${uid}`)
  return {
    version: 2,
    pods,
    podPath,
    createPod: async (uid, limits) => void pods.set(uid, limits),
    remove: async (path) => {
      for (const uid of pods.keys()) if (podPath(uid) === path) pods.delete(uid)
    },
    killAll: async (path) => options.onKill?.(path),
    oomKills: async () => 0,
    usage: async () => undefined,
    pids: async () => [],
    list: async () => [...pods.keys()],
  }
}
