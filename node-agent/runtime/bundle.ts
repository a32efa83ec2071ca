import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { namesIn, removeTree } from '../host/files.ts'
import { unlessMissing } from '../host/errno.ts'
import { hasArgument, identify, isInCgroup, type ProcessIdentity } from '../host/proc.ts'
import { replaceFile } from '../host/replace-file.ts'

/** Where the runtime keeps what it must find again: all of it below one folder, best on a tmpfs (a reboot ends every container anyway). */
export interface RuntimeFolders {
  /** One OCI bundle per container, by id, with conmon's sockets and pid files. */
  readonly bundles: string
  /** One file per container that has exited: its exit code, written by conmon. */
  readonly exits: string
  /** State of the OCI runtime itself (`--root`). */
  readonly runtimeRoot: string
}

export const runtimeFolders = (folder: string): RuntimeFolders => ({ bundles: join(folder, 'bundles'), exits: join(folder, 'exits'), runtimeRoot: join(folder, 'oci') })

/** What is remembered of a container beside its bundle. */
export interface ContainerFile {
  readonly process: ProcessIdentity
  /** Undefined: created, not started. */
  readonly startedMs?: number | undefined
  readonly logPath: string
  readonly cgroupsPath: string
  readonly stdin: boolean
}

const FILE = 'container.json'

/** Made at the start: a bundle without it was never started. */
export const containerFileOf = (bundle: string): string => join(bundle, FILE)

export const bundleOf = (folders: RuntimeFolders, id: string): string => join(folders.bundles, id)

/** Makes the bundle with its config.json. */
export async function writeBundle(bundle: string, config: Readonly<Record<string, unknown>>): Promise<void> {
  await mkdir(bundle, { recursive: true, mode: 0o700 })
  await replaceFile(join(bundle, 'config.json'), JSON.stringify(config))
}

export const writeContainerFile = (bundle: string, file: ContainerFile): Promise<void> => replaceFile(containerFileOf(bundle), JSON.stringify(file))

/** What the agent wrote, or (killed before it could) what conmon did; undefined where there is no live process to be found. */
export async function readContainerFile(bundle: string): Promise<ContainerFile | undefined> {
  const text = await unlessMissing(readFile(containerFileOf(bundle), 'utf8'))
  if (text !== undefined) return JSON.parse(text) as ContainerFile
  const process = await identifyByPidFile(join(bundle, 'pidfile'))
  const cgroupsPath = await configuredCgroup(bundle)
  if (process === undefined || cgroupsPath === '') return undefined
  // A pid file alone may name a later process.
  return (await isInCgroup(process.pid, cgroupsPath)) ? { process, logPath: '', cgroupsPath, stdin: false } : undefined
}

/** The control group its configuration names; empty where there is none. */
export async function configuredCgroup(bundle: string): Promise<string> {
  const config = await unlessMissing(readFile(join(bundle, 'config.json'), 'utf8'))
  return config === undefined ? '' : ((JSON.parse(config) as { readonly linux?: { readonly cgroupsPath?: string } }).linux?.cgroupsPath ?? '')
}

/** The container's first process as its configuration has it: who it is, what it may, its variables. Empty where there is none. */
export async function readProcess(bundle: string): Promise<Readonly<Record<string, unknown>>> {
  const config = await unlessMissing(readFile(join(bundle, 'config.json'), 'utf8'))
  return config === undefined ? {} : ((JSON.parse(config) as { readonly process?: Readonly<Record<string, unknown>> }).process ?? {})
}

/** The container's monitor, if it lives. */
export async function findMonitor(bundle: string, id: string): Promise<ProcessIdentity | undefined> {
  const monitor = await identifyByPidFile(join(bundle, 'conmon.pid'))
  return monitor !== undefined && (await hasArgument(monitor.pid, id)) ? monitor : undefined
}

/** The process a pid file names, if it lives. */
async function identifyByPidFile(path: string): Promise<ProcessIdentity | undefined> {
  const pid = Number(await unlessMissing(readFile(path, 'utf8')))
  return Number.isInteger(pid) && pid > 0 ? identify(pid) : undefined
}

export const listBundles = (folders: RuntimeFolders): Promise<readonly string[]> => namesIn(folders.bundles)

/** What commands run inside were and would have said, of an agent that was killed. */
export async function sweepExecLogs(bundle: string): Promise<void> {
  for (const name of await namesIn(bundle)) if (/^exec-[0-9a-f]+\.(log|json)$/.test(name)) await rm(join(bundle, name), { force: true })
}

export const removeBundle = (bundle: string): Promise<void> => removeTree(bundle)
