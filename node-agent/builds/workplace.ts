import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../shared/kit/faults.ts'
import { newUid } from '../../shared/kit/ids.ts'
import type { Container, Pod } from '../../shared/model/gen/api.ts'
import type { RunNetwork } from '../../shared/model/dockerfile/instruction.ts'
import { replaceFile } from '../host/replace-file.ts'
import type { DiskImages } from '../images/disk-images.ts'
import { appArmorProfileFor } from '../pods/app-armor.ts'
import type { PodParts } from '../pods/parts.ts'
import { hostsFile, resolvConf } from '../pods/pod-files.ts'
import { containerId } from '../pods/record.ts'
import { ociSpec } from '../runtime/oci-spec.ts'
import type { VolumeMountSource } from '../runtime/oci-mounts.ts'

/** What a build works with: the parts that pods are made of. */
export type BuildParts = Pick<PodParts, 'runtime' | 'snapshots' | 'network' | 'cgroups' | 'files' | 'logs' | 'config' | 'clock' | 'random' | 'log'> & { readonly images: DiskImages; readonly guests: Set<string> }

export interface TmpfsMount {
  readonly path: string
  readonly sizeBytes: number | undefined
}

export interface RunRequest {
  /** Of a writable root, see {@link Workplace.writable}. */
  readonly key: string
  readonly rootfs: string
  readonly words: readonly string[]
  /** `NAME=value`; a later one counts. */
  readonly env: readonly string[]
  readonly user: string
  readonly workingDir: string
  readonly network: RunNetwork
  readonly mounts: readonly VolumeMountSource[]
  readonly tmpfs: readonly TmpfsMount[]
  readonly onOutput: (text: string) => void
  readonly signal: AbortSignal
}

export interface RunResult {
  readonly exitCode: number
  readonly oomKilled: boolean
}

const SIGKILL = 9
/** So much of what a build's commands print is told; the rest is read over, so that neither memory nor disk fills with it. */
const MOST_TOLD_BYTES = 32 << 20
/** Their log begins anew after so much. */
const LOG_BYTES = 8 << 20
/** As much processor as a container that asks for one. */
const CPU_SHARES = 1024
const HOSTNAME = 'build'
/** Files the agent mounts into every container of a build. */
export const OWN_MOUNTS: readonly string[] = ['/etc/hosts', '/etc/resolv.conf']

/**
 * Where the commands of one build run: its snapshots, its group, its network. It looks to the node like a pod that nobody assigned, so that the collector clears it away if the agent is killed;
 * while it is here, it is among the agent's guests and left alone. Everything is made when first wanted and gone when disposed.
 */
export class Workplace implements AsyncDisposable {
  readonly #parts: BuildParts
  readonly #folder: string
  readonly #uid: string
  readonly #snapshots = new Set<string>()
  readonly #reading = new Map<string, string>()
  #count = 0
  #toldBytes = 0
  #group: Promise<void> | undefined
  #sandbox: ReturnType<PodParts['network']['attach']> | undefined

  /** @param folder a private one on disk, deleted by the caller */
  constructor(parts: BuildParts, folder: string) {
    this.#parts = parts
    this.#folder = folder
    this.#uid = newUid(parts.random)
    parts.guests.add(this.#uid)
  }

  /** Where secrets lie while a step wants them; it may not be there yet. */
  get secretsFolder(): string | undefined {
    const { buildSecretsFolder } = this.#parts.config
    return buildSecretsFolder === undefined ? undefined : join(buildSecretsFolder, this.#uid)
  }

  /** A root folder of its own on these layers. */
  async writable(layers: readonly string[]): Promise<{ readonly key: string; readonly rootfs: string }> {
    const key = containerId(this.#uid, 'build', this.#count++)
    this.#snapshots.add(key)
    const { rootfs } = await this.#parts.snapshots.prepare(key, layers)
    return { key, rootfs }
  }

  /** The files of these layers, to be read only; the same for the same layers. */
  async readable(layers: readonly string[]): Promise<string> {
    const name = layers.join('\n')
    const known = this.#reading.get(name)
    if (known !== undefined) return known
    const { rootfs } = await this.writable(layers)
    this.#reading.set(name, rootfs)
    return rootfs
  }

  changes(key: string): Promise<string> {
    return this.#parts.snapshots.changes(key)
  }

  async drop(key: string): Promise<void> {
    await this.#parts.snapshots.remove(key)
    this.#snapshots.delete(key)
  }

  /** Runs a command to its end. Throws Fault('invalid') where it cannot be started, in the runtime's words, and the signal's reason where that aborts. */
  async run(request: RunRequest): Promise<RunResult> {
    const { key, rootfs, signal } = request
    signal.throwIfAborted()
    const { runtime } = this.#parts
    await (this.#group ??= this.#parts.cgroups.createPod(this.#uid, { cpuShares: CPU_SHARES }))
    const config = await this.#config(request)
    const logPath = join(this.#folder, `output-${key.slice(-6)}`)
    const exited = Promise.withResolvers<void>()
    const stopListening = runtime.onExit((id) => void (id === key && exited.resolve()))
    const kill = (): void => exited.resolve()
    signal.addEventListener('abort', kill, { once: true })
    try {
      const created = await runtime.create({ id: key, rootfs, config, logPath, terminal: false, stdin: false })
      if (created.kind === 'refused') throw new Fault('invalid', created.message)
      signal.throwIfAborted()
      const told = this.#tell(logPath, request, exited.promise)
      // It is looked at when the command has ended; a failure until then is nobody's yet, and would end the agent.
      told.catch(() => {})
      const started = await runtime.start(key)
      if (started.kind === 'refused') exited.resolve()
      await exited.promise
      // It may hang in a call that only ends when it is killed; what it wrote is told all the same.
      if (signal.aborted) await runtime.kill(key, SIGKILL)
      await told
      signal.throwIfAborted()
      if (started.kind === 'refused') throw new Fault('invalid', started.message)
      const state = await runtime.state(key)
      if (state.kind !== 'exited') throw new Fault('internal', 'the command was lost: its monitor is gone')
      return { exitCode: state.exitCode, oomKilled: state.oomKilled }
    } finally {
      signal.removeEventListener('abort', kill)
      stopListening()
      exited.resolve()
      await runtime.delete(key)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { snapshots, network, cgroups, guests, log } = this.#parts
    const { secretsFolder } = this
    const steps: ReadonlyArray<() => Promise<void>> = [
      ...(secretsFolder === undefined ? [] : [() => rm(secretsFolder, { recursive: true, force: true })]),
      ...[...this.#snapshots].map((key) => () => snapshots.remove(key)),
      ...(this.#sandbox === undefined ? [] : [() => network.detach(this.#uid)]),
      ...(this.#group === undefined ? [] : [() => cgroups.killAll(cgroups.podPath(this.#uid)), () => cgroups.remove(cgroups.podPath(this.#uid))]),
    ]
    for (const step of steps) await step().catch((error: unknown) => log.warn({ uid: this.#uid, err: error instanceof Error ? error.message : String(error) }, 'a build left something behind; it is collected later'))
    // From here on whatever is left is nobody's.
    guests.delete(this.#uid)
  }

  async #tell(logPath: string, { key, onOutput, signal }: RunRequest, ended: Promise<void>): Promise<void> {
    const { logs, runtime } = this.#parts
    const decoder = new TextDecoder()
    let sinceRotation = 0
    for await (const { bytes } of logs.read(logPath, { follow: true, timestamps: false, stream: 'All' }, { ended, signal })) {
      const isLast = this.#toldBytes < MOST_TOLD_BYTES && this.#toldBytes + bytes.length >= MOST_TOLD_BYTES
      if (this.#toldBytes < MOST_TOLD_BYTES) onOutput(decoder.decode(bytes, { stream: true }))
      if (isLast) onOutput(`\n[more than ${MOST_TOLD_BYTES >> 20} MiB of output: the rest is not shown]\n`)
      this.#toldBytes += bytes.length
      sinceRotation += bytes.length
      if (sinceRotation < LOG_BYTES) continue
      sinceRotation = 0
      if (await logs.rotate(logPath, { maxBytes: LOG_BYTES, maxFiles: 2 })) await runtime.reopenLog(key)
    }
  }

  async #config(request: RunRequest): Promise<Readonly<Record<string, unknown>>> {
    const { cgroups, config, files } = this.#parts
    const { key, rootfs, network, words, env, user, workingDir, mounts, tmpfs } = request
    const isHost = network === 'host'
    const sandbox = network === 'default' ? await (this.#sandbox ??= this.#parts.network.attach(this.#uid, { hostname: HOSTNAME })) : undefined
    const container: Container = { name: 'build' }
    const pod = podOf(this.#uid, { isHost, container })
    const built = ociSpec({
      pod,
      container,
      // As an entrypoint, because Kubernetes would replace `$(NAME)` in a command of its own.
      image: { env, entrypoint: words, cmd: [], workingDir, user },
      users: await files.users(rootfs),
      env: {},
      rootfs,
      sandbox: { netnsPath: sandbox?.netnsPath, hostname: isHost ? config.hostname : HOSTNAME },
      volumes: mounts,
      files: await this.#hostFiles(pod, sandbox?.ip),
      cgroupsPath: `${cgroups.podPath(this.#uid)}/${key}`,
      node: { capabilities: config.capabilities, memoryBytes: config.capacity.memoryBytes, podPidsLimit: config.podPidsLimit, hugePageSizes: config.hugePageSizes, boundsSwap: cgroups.boundsSwap, architecture: config.architecture, cgroupVersion: cgroups.version, securityModules: config.capacity.securityModules },
      appArmorProfile: await appArmorProfileFor(this.#parts, pod, container),
      qosClass: 'BestEffort',
    })
    if (built.kind === 'refused') throw new Fault('invalid', built.message)
    return withMore(built.config, { tmpfs, isAlone: network === 'none' })
  }

  async #hostFiles(pod: Pod, ip: string | undefined): Promise<Readonly<Record<string, string>>> {
    const { files, config } = this.#parts
    const [nodeHosts = '', nodeResolvConf = ''] = await Promise.all([files.read('/etc/hosts'), files.read('/etc/resolv.conf')])
    const texts = {
      '/etc/hosts': hostsFile(pod, { ip: ip ?? '127.0.0.1', hostname: HOSTNAME, clusterDomain: config.clusterDomain, nodeHosts }).replace('Kubernetes-managed', 'A build’s'),
      '/etc/resolv.conf': resolvConf(pod, { clusterDns: [], clusterDomain: config.clusterDomain, nodeResolvConf }),
    }
    return Object.fromEntries(
      await Promise.all(
        Object.entries(texts).map(async ([path, text]) => {
          const file = join(this.#folder, path.replaceAll('/', '-').slice(1))
          await replaceFile(file, text, 0o644)
          return [path, file] as const
        }),
      ),
    )
  }
}

/** A container as any other, but with the default seccomp profile, which pods have to ask for: what a Dockerfile says is often somebody else's. */
const podOf = (uid: string, { isHost, container }: { readonly isHost: boolean; readonly container: Container }): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: HOSTNAME, namespace: '', uid },
  spec: { containers: [container], dnsPolicy: 'Default', ...(isHost ? { hostNetwork: true } : {}), securityContext: { seccompProfile: { type: 'RuntimeDefault' } } },
})

/** What pods have no words for. Pure. */
function withMore(config: Readonly<Record<string, unknown>>, { tmpfs, isAlone }: { readonly tmpfs: readonly TmpfsMount[]; readonly isAlone: boolean }): Readonly<Record<string, unknown>> {
  const mounts = (config['mounts'] ?? []) as readonly object[]
  const linux = (config['linux'] ?? {}) as { readonly namespaces?: ReadonlyArray<{ readonly type: string }> }
  const more = tmpfs.map(({ path, sizeBytes }) => ({ destination: path, type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=1777', ...(sizeBytes === undefined ? [] : [`size=${sizeBytes}`])] }))
  // A network namespace of its own, with nothing in it but itself.
  const namespaces = isAlone ? [...(linux.namespaces ?? []), { type: 'network' }] : linux.namespaces
  return { ...config, mounts: [...mounts, ...more], linux: { ...linux, namespaces } }
}
