import { mkdir, realpath } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Pod, Volume } from '../../shared/model/gen/api.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { allDone } from '../../shared/kit/all-done.ts'
import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { nameOf, namespaceOf, uidOf } from '../../shared/model/meta.ts'
import { claimNameOf } from '../../shared/model/volume-claims.ts'
import { namesIn, removeTree } from '../host/files.ts'
import { type Mounts, systemMounts } from '../host/mounts.ts'
import { writeAtomically } from './atomic-writer.ts'
import { usedVolumes, volumeBehind } from './claims.ts'
import { isMountPoint, makeFolder, makeMemoryFolder, memoryLimitBytes } from './empty-dir.ts'
import { Exclusive } from './exclusive.ts'
import { makeHugePagesFolder, pageSizeFor } from './huge-pages.ts'
import { checkHostPath } from './host-path.ts'
import { configMapPayload, DEFAULT_MODE, downwardPayload, type PayloadResult, secretPayload } from './payload.ts'
import { mountPersistent } from './persistent.ts'
import type { PrepareResult, VolumeSources, Volumes } from './port.ts'
import { projectedPayload } from './projected.ts'
import { Tokens } from './tokens.ts'
import { notMounted } from './waiting.ts'

export type { PrepareResult, VolumeSources, Volumes } from './port.ts'
export { readInside } from './read-inside.ts'
export { bindSubPath, makeSubPath } from './sub-path.ts'

export interface VolumesOptions {
  /** A folder of this agent on disk: one folder per pod. */
  readonly stateFolder: string
  readonly clock: Clock
  readonly log: Log
  readonly mounts?: Mounts
  /** What the node offers: for downward API files of limits that are not set. */
  readonly allocatable?: Readonly<Record<string, string | number>>
}

/**
 * Volumes on this host: `STATE/UID/volumes/kubernetes.io~KIND/NAME`, laid out as kubelet does; secrets and tokens under `STATE/.memory/UID/…`,
 * one tmpfs for all pods: a mount of its own for each would cost every pod a mount and an unmount, and the latter may hold the agent for long.
 */
export async function createVolumes(options: VolumesOptions): Promise<Volumes> {
  await mkdir(options.stateFolder, { recursive: true, mode: 0o711 })
  // The kernel tells mounts by their real paths: below a link none of ours would be found again.
  return new HostVolumes({ ...options, stateFolder: await realpath(options.stateFolder) })
}

const MEMORY = '.memory'
const EXCLUSIVE = '.exclusive'

type OneResult =
  | { readonly kind: 'ready'; readonly path: string }
  | { readonly kind: 'waiting'; readonly message: string; /** Which step of mounting fails, where it is not that. */ readonly step?: string; /** The volume's own name. */ readonly of?: string }
  /** There is nothing to mount yet. */
  | { readonly kind: 'unprocessed'; readonly message: string }

class HostVolumes implements Volumes {
  readonly #options: VolumesOptions
  readonly #mounts: Mounts
  readonly #tokens: Tokens
  readonly #exclusive: Exclusive
  /** One call at a time per pod: two would swap each other's files. */
  readonly #busy = new Map<string, Promise<unknown>>()
  #memory: Promise<void> | undefined

  constructor(options: VolumesOptions) {
    this.#options = options
    this.#mounts = options.mounts ?? systemMounts()
    this.#tokens = new Tokens(options.clock)
    this.#exclusive = new Exclusive(join(options.stateFolder, EXCLUSIVE))
  }

  prepare(pod: Pod, sources: VolumeSources): Promise<PrepareResult> {
    return this.#oneAtATime(uidOf(pod), async () => {
      const paths: Record<string, string> = {}
      const failed: string[] = []
      const unprocessed = new Map<string, string>()
      const unmounted: string[] = []
      for (const volume of pod.spec?.volumes ?? []) {
        const result = await this.#prepareOne(pod, volume, sources)
        if (result?.kind === 'ready') paths[volume.name] = result.path
        else if (result) unmounted.push(volume.name)
        if (result?.kind === 'waiting') failed.push(`${result.step ?? 'MountVolume.SetUp'} failed for volume "${result.of ?? volume.name}" : ${result.message}`)
        else if (result?.kind === 'unprocessed') unprocessed.set(volume.name, result.message)
      }
      const [message, ...more] = [...notMounted(unmounted, unprocessed), ...failed]
      return message === undefined ? { kind: 'ready', paths } : { kind: 'waiting', message, ...(more.length === 0 ? {} : { more }) }
    })
  }

  remove(podUid: string): Promise<void> {
    return this.#oneAtATime(podUid, async () => {
      const folder = this.podFolder(podUid)
      this.#tokens.forget(podUid)
      await this.#unmountBelow(folder)
      await Promise.all([removeTree(folder), removeTree(this.#memoryFolder(podUid))])
      await this.#exclusive.release(podUid)
    })
  }

  async list(): Promise<readonly string[]> {
    const [onDisk, inMemory] = await Promise.all([namesIn(this.#options.stateFolder), namesIn(join(this.#options.stateFolder, MEMORY))])
    return [...new Set([...onDisk, ...inMemory])].filter((name) => !name.startsWith('.'))
  }

  podFolder(podUid: string): string {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,200}$/.test(podUid)) throw new Fault('invalid', `${JSON.stringify(podUid)} cannot be the uid of a pod`)
    return join(this.#options.stateFolder, podUid)
  }

  /** Undefined: a claim that no container uses. */
  async #prepareOne(pod: Pod, volume: Volume, sources: VolumeSources): Promise<OneResult | undefined> {
    try {
      if (claimNameOf(pod, volume) !== undefined) return await this.#claimed(pod, volume, sources)
      return await this.#setUp(pod, volume, sources)
    } catch (error) {
      this.#options.log.warn({ pod: `${namespaceOf(pod)}/${nameOf(pod)}`, volume: volume.name, err: messageOf(error) }, 'a volume cannot be prepared')
      if (isFault(error) || error instanceof Error) return { kind: 'waiting', message: messageOf(error) }
      throw error
    }
  }

  async #setUp(pod: Pod, volume: Volume, sources: VolumeSources): Promise<OneResult> {
    const namespace = namespaceOf(pod)
    const { emptyDir, hostPath, configMap, secret, downwardAPI, projected } = volume
    if (emptyDir !== undefined) return await this.#emptyDir(pod, volume.name, emptyDir)
    if (hostPath !== undefined) {
      const problem = await checkHostPath(hostPath)
      return problem === undefined ? { kind: 'ready', path: hostPath.path } : { kind: 'waiting', message: problem }
    }
    if (configMap !== undefined) {
      const selection = { items: configMap.items, optional: configMap.optional === true, defaultMode: configMap.defaultMode ?? DEFAULT_MODE }
      return await this.#fill(pod, { name: volume.name, plugin: 'configmap', inMemory: false }, () => configMapPayload(configMap.name ?? '', sources.configMap(namespace, configMap.name ?? ''), selection))
    }
    if (secret !== undefined) {
      const selection = { items: secret.items, optional: secret.optional === true, defaultMode: secret.defaultMode ?? DEFAULT_MODE }
      return await this.#fill(pod, { name: volume.name, plugin: 'secret', inMemory: true }, () => secretPayload(secret.secretName ?? '', sources.secret(namespace, secret.secretName ?? ''), selection))
    }
    const { allocatable } = this.#options
    if (downwardAPI !== undefined) return await this.#fill(pod, { name: volume.name, plugin: 'downward-api', inMemory: false }, () => downwardPayload(pod, downwardAPI.items ?? [], { defaultMode: downwardAPI.defaultMode ?? DEFAULT_MODE, allocatable }))
    if (projected !== undefined) return await this.#fill(pod, { name: volume.name, plugin: 'projected', inMemory: true }, (folder) => projectedPayload(projected, { pod, sources, tokens: this.#tokens, allocatable, folder }))
    const kind = Object.keys(volume).find((key) => key !== 'name')
    return kind === undefined ? await this.#emptyDir(pod, volume.name, {}) : { kind: 'waiting', message: `this node has no volumes of the kind ${kind}` }
  }

  async #claimed(pod: Pod, entry: Volume, { claims }: VolumeSources): Promise<OneResult | undefined> {
    const { mounts, devices } = usedVolumes(pod)
    if (!mounts.has(entry.name) && !devices.has(entry.name)) return undefined
    const found = volumeBehind(pod, entry, claims)
    if (found.kind === 'unprocessed') return found
    const { stateFolder } = this.#options
    const isThere = async (podUid: string): Promise<boolean> => (await this.list()).includes(podUid)
    const use = { pod, volume: found.volume, readOnly: entry.persistentVolumeClaim?.readOnly === true, claims }
    const mounted = await mountPersistent({ mounts: this.#mounts, exclusive: this.#exclusive, stateFolder, isThere }, use)
    return mounted.kind === 'refused' ? { kind: 'waiting', ...mounted.refusal, of: nameOf(found.volume) } : mounted
  }

  async #emptyDir(pod: Pod, name: string, source: NonNullable<Volume['emptyDir']>): Promise<OneResult> {
    const path = volumePath(this.podFolder(uidOf(pod)), 'empty-dir', name)
    await makeParent(path)
    const fsGroup = pod.spec?.securityContext?.fsGroup
    if (source.medium === 'Memory') await makeMemoryFolder(this.#mounts, { path, fsGroup, sizeBytes: memoryLimitBytes(pod, source) })
    else if (source.medium === undefined || source.medium === '') await makeFolder(path, { fsGroup })
    else {
      const page = pageSizeFor(source.medium, pod)
      if (page.kind === 'refused') return { kind: 'waiting', message: page.message }
      await makeHugePagesFolder(this.#mounts, { path, fsGroup, pageBytes: page.bytes })
    }
    return { kind: 'ready', path }
  }

  /** The folder is made only when there is something to fill it with: a pod that waits leaves nothing half-made. */
  async #fill(pod: Pod, { name, plugin, inMemory }: { readonly name: string; readonly plugin: string; readonly inMemory: boolean }, collect: (folder: string) => PayloadResult | Promise<PayloadResult>): Promise<OneResult> {
    if (inMemory) await (this.#memory ??= this.#mountMemory())
    const uid = uidOf(pod)
    const path = volumePath(inMemory ? this.#memoryFolder(uid) : this.podFolder(uid), plugin, name)
    // A token has to be asked for: side by side.
    const collected: Promise<PayloadResult> = Promise.resolve(path).then(collect)
    const [result] = await allDone([collected, makeParent(path)])
    if (result.kind === 'missing') return { kind: 'waiting', message: result.message }
    const fsGroup = pod.spec?.securityContext?.fsGroup
    await makeFolder(path, { fsGroup, sticky: inMemory })
    await writeAtomically(path, result.payload, { nowMs: this.#options.clock.nowMs(), fsGroup })
    return { kind: 'ready', path }
  }

  #memoryFolder(podUid: string): string {
    return join(this.#options.stateFolder, MEMORY, podUid)
  }

  /** Found there after a restart of the agent. Tried again by the next pod where it fails. */
  async #mountMemory(): Promise<void> {
    const target = join(this.#options.stateFolder, MEMORY)
    try {
      await mkdir(target, { recursive: true, mode: 0o711 })
      if (!(await isMountPoint(target))) await this.#mounts.mount({ type: 'tmpfs', source: 'tmpfs', target, data: 'mode=0711' })
    } catch (error) {
      this.#memory = undefined
      throw error
    }
  }

  /** A mount that is still there could be a part of the host: rather everything stays than that is deleted. */
  async #unmountBelow(folder: string): Promise<void> {
    const mounted = await this.#mountedBelow(folder)
    for (const target of mounted) await this.#mounts.unmount(target)
    const [left] = mounted.length === 0 ? [] : await this.#mountedBelow(folder)
    if (left !== undefined) throw new Fault('conflict', `${left} cannot be unmounted`)
  }

  /** Innermost first. */
  async #mountedBelow(folder: string): Promise<readonly string[]> {
    const points = await this.#mounts.list()
    return points
      .map(({ target }) => target)
      .filter((target) => target.startsWith(`${folder}/`))
      .reverse()
  }

  async #oneAtATime<T>(podUid: string, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(podUid)
    const run = before === undefined ? work() : before.then(work, work)
    this.#busy.set(podUid, run)
    try {
      return await run
    } finally {
      if (this.#busy.get(podUid) === run) this.#busy.delete(podUid)
    }
  }
}

/** Laid out as kubelet does. @throws Fault('invalid') */
function volumePath(podFolder: string, plugin: string, name: string): string {
  if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name)) throw new Fault('invalid', `${JSON.stringify(name)} cannot be the name of a volume`)
  return join(podFolder, 'volumes', `kubernetes.io~${plugin}`, name)
}

const makeParent = (path: string): Promise<unknown> => mkdir(dirname(path), { recursive: true, mode: 0o755 })
