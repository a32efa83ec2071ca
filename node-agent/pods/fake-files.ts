import { Fault } from '../../shared/kit/faults.ts'
import type { PodFiles } from './files-port.ts'

const SIGNALS: Readonly<Record<string, number>> = { HUP: 1, INT: 2, QUIT: 3, KILL: 9, USR1: 10, USR2: 12, TERM: 15 }

/** Files in memory, for simulation. What survives a restart of a simulated agent is what is in `contents`. */
export function fakePodFiles(contents: Map<string, string> = new Map()): PodFiles & { readonly contents: Map<string, string> } {
  const names = (folder: string): readonly string[] => [...new Set([...contents.keys()].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1).split('/')[0] ?? ''))]
  return {
    contents,
    write: async (path, text) => void contents.set(path, text),
    async append(path, text) {
      const before = contents.get(path)
      if (before === undefined) throw new Fault('not-found', `there is no file ${path}`)
      contents.set(path, `${before}${text}`)
    },
    read: async (path) => contents.get(path),
    readInside: async (volume, path) => contents.get(`${volume}/${path}`),
    readTail: async (path, bytes) => contents.get(path)?.slice(-bytes),
    async remove(path) {
      for (const known of contents.keys()) if (known === path || known.startsWith(`${path}/`)) contents.delete(known)
    },
    names: async (folder) => names(folder),
    subPath: async ({ volume, subPath }) => `${volume}/${subPath}`,
    users: async () => ({ users: [{ name: 'root', uid: 0, gid: 0, home: '/root' }], groups: [{ name: 'root', gid: 0, members: [] }, { name: 'wheel', gid: 10, members: ['root'] }] }),
    devices: async () => [],
    signalNumber: (name) => SIGNALS[name.replace(/^SIG/, '')],
    mountShm: async () => {},
    whyNotUnder: async () => undefined,
    knowsLabel: async () => true,
    pinNamespaces: async (folder) => ({ ipcPath: `${folder}/ipc`, utsPath: `${folder}/uts` }),
  }
}
