import { readdir, readFile, statfs } from 'node:fs/promises'
import { availableParallelism, arch, release, totalmem } from 'node:os'
import { hugePagesIn } from './room.ts'

/** What this host is. */
export interface MachineFacts {
  readonly cpus: number
  readonly memoryBytes: number
  readonly ephemeralStorageBytes: number
  /** Set aside, by the size of a page: `{ '2Mi': 0 }`. Missing where the kernel tells of none. */
  readonly hugePageBytes?: Readonly<Record<string, number>> | undefined
  readonly kernelVersion: string
  readonly osImage: string
  readonly architecture: string
  readonly machineId: string
  readonly bootId: string
}

const HUGE_PAGES = '/sys/kernel/mm/hugepages'

async function hugePages(): Promise<MachineFacts['hugePageBytes']> {
  const names = await readdir(HUGE_PAGES).catch(() => [])
  const sizes = await Promise.all(names.map(async (name) => ({ kilobytes: Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0), pages: Number(await readFile(`${HUGE_PAGES}/${name}/nr_hugepages`, 'utf8').catch(() => '0')) })))
  return names.length === 0 ? undefined : hugePagesIn(sizes)
}

/** Read once at start, reported in the Node's status. */
export async function readHostFacts(options: { readonly storageFolder: string; readonly bootIdFile: string }): Promise<MachineFacts> {
  const text = (file: string): Promise<string> => readFile(file, 'utf8').then((content) => content.trim(), () => '')
  const [storage, hugePageBytes, osRelease, machineId, bootId] = await Promise.all([statfs(options.storageFolder), hugePages(), text('/etc/os-release'), text('/etc/machine-id'), text(options.bootIdFile)])
  return {
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    ephemeralStorageBytes: storage.blocks * storage.bsize,
    hugePageBytes,
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(osRelease)?.[1] ?? 'Linux',
    architecture: arch() === 'x64' ? 'amd64' : arch(),
    machineId,
    bootId,
  }
}
