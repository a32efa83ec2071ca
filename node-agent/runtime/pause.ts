import { chmod, mkdir, readFile, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../shared/kit/faults.ts'
import { unlessMissing } from '../host/errno.ts'
import { exists, removeTree } from '../host/files.ts'
import type { Mounts } from '../host/mounts.ts'
import { launch } from '../host/processes.ts'
import { replaceFile } from '../host/replace-file.ts'
import { pauseProgram } from './pause-program.ts'
import { plainWords } from './words.ts'

/** Where a pod's first process lives, of a pod whose containers share their processes. */
export interface PausePlace {
  /** A folder of its own below the pod's: gone with that. */
  readonly folder: string
  readonly cgroupsPath: string
  /** The pod's namespaces: it sees no more than its containers do, for they see it. */
  readonly usersPath?: string | undefined
  readonly netnsPath?: string | undefined
  readonly ipcPath?: string | undefined
  readonly utsPath?: string | undefined
}

/** Makes the process, or finds it living; answers the path of its pid namespace, or undefined where there is no such program for this processor. */
export type PausePod = (place: PausePlace) => Promise<string | undefined>

export interface PauseOptions {
  /** The OCI runtime's program. */
  readonly runtime: string
  /** A folder of this agent that strangers may pass through: the root that all such processes have. */
  readonly folder: string
  readonly mounts: Pick<Mounts, 'bind' | 'unmount'>
  readonly architecture: string
}

/** No user's, and without any right: as kubelet's. */
const NOBODY = 65_535
const NSFS_MAGIC = 0x6e736673
const PROGRAM = '/pause'

/**
 * With a process of nobody's program as the first one, a container that ends takes none of the others along, and what they leave without a parent is reaped. It is a
 * container by itself (a root with nothing in it, no capabilities), but without a monitor: there is nothing to be told of it. Its control group ends it with its pod.
 */
export function podPause(options: PauseOptions): PausePod {
  const program = pauseProgram(options.architecture)
  return async (place) => {
    if (program === undefined) return undefined
    const pinned = join(place.folder, 'pid')
    if (await lives(place.folder, pinned)) return pinned
    await options.mounts.unmount(pinned)
    await removeTree(place.folder)
    await mkdir(place.folder, { recursive: true, mode: 0o700 })
    await writeFile(join(place.folder, 'config.json'), JSON.stringify(configOf(place, await rootWith(options.folder, program))))
    const pid = await run(options.runtime, place.folder)
    await writeFile(pinned, '')
    await options.mounts.bind(`/proc/${pid}/ns/pid`, pinned)
    return pinned
  }
}

/** The namespace is pinned, and the process that holds it is still in it: without that one nothing can be started there. */
async function lives(folder: string, pinned: string): Promise<boolean> {
  if ((await unlessMissing(statfs(pinned)))?.type !== NSFS_MAGIC) return false
  const pid = Number(await unlessMissing(readFile(join(folder, 'pidfile'), 'utf8')))
  const [held, its] = await Promise.all([stat(pinned), stat(`/proc/${pid}/ns/pid`).catch(() => undefined)])
  return held.ino === its?.ino
}

async function rootWith(folder: string, program: Uint8Array): Promise<string> {
  const root = join(folder, 'root')
  const path = join(root, PROGRAM)
  if (await exists(path)) return root
  // The places of its mounts, which strangers could not make.
  for (const name of ['proc', 'dev']) await mkdir(join(root, name), { recursive: true, mode: 0o755 })
  await replaceFile(path, program, 0o555)
  await chmod(path, 0o555)
  return root
}

function configOf(place: PausePlace, root: string): Readonly<Record<string, unknown>> {
  const joined = (type: string, path: string | undefined): readonly object[] => (path === undefined ? [] : [{ type, path }])
  return {
    ociVersion: '1.0.2',
    process: { terminal: false, user: { uid: NOBODY, gid: NOBODY }, args: [PROGRAM], env: ['PATH=/'], cwd: '/', capabilities: {}, noNewPrivileges: true },
    root: { path: root, readonly: true },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'noexec', 'mode=755', 'size=64k'] },
    ],
    linux: {
      cgroupsPath: place.cgroupsPath,
      namespaces: [...joined('user', place.usersPath), { type: 'pid' }, { type: 'mount' }, { type: 'cgroup' }, ...joined('network', place.netnsPath), ...joined('ipc', place.ipcPath), ...joined('uts', place.utsPath)],
      resources: { devices: [{ allow: false, access: 'rwm' }] },
    },
  }
}

/** Answers its number. @throws Fault('internal') in the runtime's words */
async function run(runtime: string, folder: string): Promise<number> {
  const [log, pidFile] = [join(folder, 'log'), join(folder, 'pidfile')]
  const making = await launch(runtime, ['--root', join(folder, 'oci'), '--log', log, 'run', '--detach', '--bundle', folder, '--pid-file', pidFile, 'pause'])
  const { exitCode } = await making.exited
  const pid = Number(await unlessMissing(readFile(pidFile, 'utf8')))
  if (exitCode === 0 && pid > 0) return pid
  throw new Fault('internal', `the first process of the pod cannot be made: ${plainWords((await unlessMissing(readFile(log, 'utf8'))) ?? '') || `exit code ${exitCode}`}`)
}
