import type { Snapshots } from './port.ts'

/** Snapshots that are only names, for simulation. */
export function fakeSnapshots(root = '/fake/snapshots'): Snapshots & { readonly prepared: ReadonlyMap<string, readonly string[]> } {
  const prepared = new Map<string, readonly string[]>()
  return {
    prepared,
    async prepare(key, layers) {
      if (!prepared.has(key)) prepared.set(key, [...layers])
      return { rootfs: `${root}/${key}/rootfs` }
    },
    async remove(key) {
      prepared.delete(key)
    },
    list: async () => [...prepared.keys()],
    changes: async (key) => `${root}/${key}/upper`,
    usage: async () => ({ bytes: 0, inodes: 0 }),
  }
}
