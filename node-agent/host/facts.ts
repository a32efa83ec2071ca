import { readFile, statfs } from 'node:fs/promises'
import { availableParallelism, arch, release, totalmem } from 'node:os'

/** What this host is. */
export interface MachineFacts {
  readonly cpus: number
  readonly memoryBytes: number
  readonly ephemeralStorageBytes: number
  readonly kernelVersion: string
  readonly osImage: string
  readonly architecture: string
  readonly machineId: string
  readonly bootId: string
}

/** Read once at start, reported in the Node's status. */
export async function readHostFacts(options: { readonly storageFolder: string; readonly bootIdFile: string }): Promise<MachineFacts> {
  const text = (file: string): Promise<string> => readFile(file, 'utf8').then((content) => content.trim(), () => '')
  const [storage, osRelease, machineId, bootId] = await Promise.all([statfs(options.storageFolder), text('/etc/os-release'), text('/etc/machine-id'), text(options.bootIdFile)])
  return {
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    ephemeralStorageBytes: storage.blocks * storage.bsize,
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(osRelease)?.[1] ?? 'Linux',
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    machineId,
    bootId,
  }
}
