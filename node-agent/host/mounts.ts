import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { inEnglish, mustRun, runProgram } from './exec.ts'
import { type Libc, loadLibc } from './libc.ts'

/** Mounts in the mount namespace of this process. */
export interface Mounts {
  /** Throws Fault('unsupported' | 'invalid' | 'not-found' | …). */
  mount(request: MountRequest): Promise<void>
  /** `source` (file or folder) becomes visible at `target`. */
  bind(source: string, target: string): Promise<void>
  /**
   * The same, where who owns a file is told as the user namespace pinned at `ownersPath` maps it. Throws Fault('unsupported') where the kernel, the file system or
   * this Node cannot.
   */
  bindMapped(source: string, target: string, ownersPath: string): Promise<void>
  /** Unmounts what is mounted last at `target`; answers false when nothing is. Detaches lazily: what still has it open keeps it. */
  unmount(target: string): Promise<boolean>
  /** Every mount point of this namespace, oldest first. */
  list(): Promise<readonly MountPoint[]>
}

export interface MountRequest {
  readonly type: 'overlay' | 'tmpfs' | 'hugetlbfs'
  readonly source: string
  readonly target: string
  /** As in fstab: `lowerdir=…,upperdir=…`. At most 4095 bytes, one page. */
  readonly data: string
  /** Where relative paths in `data` start: for options that would not fit otherwise. Costs a process. */
  readonly cwd?: string
  readonly flags?: ReadonlyArray<'nosuid' | 'nodev' | 'noexec'>
}

export interface MountPoint {
  readonly target: string
  readonly type: string
  readonly data: string
}

const MS = { nosuid: 2, nodev: 4, noexec: 8, bind: 4096 } as const
const MNT_DETACH = 2

/** @param libc for tests; by default the C library where Node can reach it, else the programs `mount` and `umount`. */
export function systemMounts(libc: Libc | undefined = loadLibc()): Mounts {
  return { ...(libc ? callMounts(libc) : programMounts()), list: async () => parseMountInfo(await readFile('/proc/thread-self/mountinfo', 'utf8')) }
}

/** The fallback, made with programs: exported so that the contract suite can hold it to the same promises. */
export const programOnlyMounts = (): Mounts => ({ ...programMounts(), list: async () => parseMountInfo(await readFile('/proc/thread-self/mountinfo', 'utf8')) })

type Verbs = Omit<Mounts, 'list'>

function callMounts(libc: Libc): Verbs {
  return {
    async mount(request) {
      const { type, source, target, data, flags = [] } = request
      if (request.cwd !== undefined) await mountByProgram(request)
      else libc.mount({ type, source, target, data, flags: flags.reduce((sum, flag) => sum | MS[flag], 0) })
    },
    async bind(source, target) {
      libc.mount({ type: 'none', source, target, data: '', flags: MS.bind })
    },
    async bindMapped(source, target, ownersPath) {
      const owners = openSync(ownersPath, 'r')
      try {
        libc.bindMapped({ source, target, ownersFd: owners })
      } catch (error) {
        throw isFault(error, 'invalid') ? new Fault('unsupported', `the file system of ${source} cannot be shown with other owners (no id-mapped mounts)`, { cause: error }) : error
      } finally {
        closeSync(owners)
      }
    },
    async unmount(target) {
      try {
        libc.umount(target, MNT_DETACH)
        return true
      } catch (error) {
        // EINVAL: not a mount point.
        if (isFault(error, 'invalid') || isFault(error, 'not-found')) return false
        throw error
      }
    },
  }
}

function programMounts(): Verbs {
  return {
    mount: mountByProgram,
    async bind(source, target) {
      await mustRun('mount', ['--bind', source, target])
    },
    async bindMapped(source) {
      throw new Fault('unsupported', `${source} cannot be shown with other owners: this Node does not reach the C library`)
    },
    async unmount(target) {
      const { exitCode, stderr } = await runProgram('umount', ['-l', target], { env: inEnglish })
      if (exitCode === 0) return true
      if (/not mounted|not found|no mount point/.test(stderr)) return false
      throw umountFault(target, stderr)
    },
  }
}

async function mountByProgram({ type, source, target, data, flags = [], cwd }: MountRequest): Promise<void> {
  const options = [...flags, data].filter((option) => option !== '').join(',')
  const { exitCode, stderr } = await runProgram('mount', ['-t', type, ...(options === '' ? [] : ['-o', options]), source, target], { env: inEnglish, ...(cwd !== undefined && { cwd }) })
  if (exitCode === 0) return
  const code = /wrong fs type|bad option/.test(stderr) ? 'invalid' : /unknown filesystem/.test(stderr) ? 'unsupported' : /does not exist/.test(stderr) ? 'not-found' : 'internal'
  throw new Fault(code, `mount ${type} on ${target}: ${stderr.trim()}`)
}

const umountFault = (target: string, stderr: string): Fault => new Fault('internal', `unmount ${target}: ${stderr.trim()}`)

/** The kernel's `/proc/PID/mountinfo` (proc(5)): mount points with octal escapes. */
export function parseMountInfo(text: string): readonly MountPoint[] {
  const points: MountPoint[] = []
  for (const line of text.split('\n')) {
    const [left, right] = line.split(' - ')
    const target = left?.split(' ')[4]
    if (target === undefined || right === undefined) continue
    const [type = '', , data = ''] = right.split(' ')
    points.push({ target: unescape(target), type, data: unescape(data) })
  }
  return points
}

const unescape = (text: string): string => text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
