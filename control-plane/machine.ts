import { readFile, readlink } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'

/** What tells this machine, since it was started, from every other: two processes in it cannot listen on one port. Where the kernel does not say, none is like another. */
export async function machineId(): Promise<string> {
  try {
    const [bootId, network] = await Promise.all([readFile('/proc/sys/kernel/random/boot_id', 'utf8'), readlink('/proc/self/ns/net')])
    return `${bootId.trim()} ${network}`
  } catch {
    return randomUUID()
  }
}
