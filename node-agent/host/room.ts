import { readFile, statfs } from 'node:fs/promises'

/** What is left of something, and how much of it there is. */
export interface Room {
  readonly available: number
  readonly capacity: number
}

/** Memory of the machine that could be had without taking any from a process: what is free, and pages of files not used for long. As kubelet reckons. */
export async function memoryRoom(): Promise<Room> {
  return parseMemoryRoom(await readFile('/proc/meminfo', 'utf8'))
}

export function parseMemoryRoom(text: string): Room {
  const bytes = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024
  return { available: bytes('MemFree') + bytes('Inactive\\(file\\)'), capacity: bytes('MemTotal') }
}

/** Of the file system that a folder lies on: bytes that everybody may use, and files that may be made (nothing where it has no bound on them). */
export async function diskRoom(folder: string): Promise<{ readonly bytes: Room; readonly inodes: Room | undefined }> {
  const { blocks, bavail, bsize, files, ffree } = await statfs(folder)
  return { bytes: { available: bavail * bsize, capacity: blocks * bsize }, inodes: files === 0 ? undefined : { available: ffree, capacity: files } }
}

/** Processes and threads that the kernel has room for. */
export async function processRoom(): Promise<Room> {
  const [most, threads, load] = await Promise.all([number('/proc/sys/kernel/pid_max'), number('/proc/sys/kernel/threads-max'), readFile('/proc/loadavg', 'utf8')])
  const capacity = Math.min(most, threads)
  return { available: Math.max(0, capacity - Number(/\d+\/(\d+)/.exec(load)?.[1] ?? 0)), capacity }
}

const number = async (file: string): Promise<number> => Number((await readFile(file, 'utf8')).trim())

/** Bytes of huge pages that were set aside, by their size: `{ '2Mi': 0 }`. */
export function hugePagesIn(sizes: ReadonlyArray<{ readonly kilobytes: number; readonly pages: number }>): Readonly<Record<string, number>> {
  return Object.fromEntries(sizes.map(({ kilobytes, pages }) => [kilobytes % 2 ** 20 === 0 ? `${kilobytes / 2 ** 20}Gi` : kilobytes % 1024 === 0 ? `${kilobytes / 1024}Mi` : `${kilobytes}Ki`, kilobytes * 1024 * pages]))
}
