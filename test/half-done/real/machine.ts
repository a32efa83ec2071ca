import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, rmdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { build } from 'esbuild'
import type { ConfigMap, Pod, PodStatus } from '../../../shared/model/gen/api.ts'
import type { AgentOptions, FromAgent, ToAgent } from './agent-main.ts'
import type { CrashPoint } from './crash-points.ts'

const APPLETS = ['sh', 'sleep', 'cat', 'echo', 'true', 'touch', 'mkdir']
/** Nobody waits for so long but on a host with far too much to do. */
const LIMIT_MS = 40_000
/** Of killed processes, and of the groups they were in. */
const END_MS = 30_000
/** A life that failed may have left something: the next one under its tag meets nothing of it. */
let machines = 0

const run = (program: string, ...words: readonly string[]): string => execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

/** Agent and image, in a folder that is made for them. */
export async function makeKit(folder: string): Promise<Kit> {
  const layer = join(folder, 'layer')
  makeLayer(layer)
  return { agent: await bundleAgent(folder), layer }
}

/** The layer of a small image. */
function makeLayer(layer: string): void {
  for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'root']) mkdirSync(join(layer, name), { recursive: true })
  copyFileSync('/bin/busybox', join(layer, 'bin/busybox'))
  for (const applet of APPLETS) symlinkSync('busybox', join(layer, 'bin', applet))
  writeFileSync(join(layer, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  execFileSync('chmod', ['750', layer])
}

/** The agent as one file, which starts in a third of the time. */
async function bundleAgent(folder: string): Promise<string> {
  const file = join(folder, 'agent.mjs')
  await build({ entryPoints: [join(import.meta.dirname, 'agent-main.ts')], outfile: file, bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'error' })
  symlinkSync(join(import.meta.dirname, '../../../node_modules'), join(folder, 'node_modules'))
  return file
}

/** The kernel holds a group for a moment longer than its last process. */
async function removeGroup(folder: string): Promise<void> {
  for (const end = performance.now() + END_MS; ; await sleep(20)) {
    try {
      return rmdirSync(folder)
    } catch (error) {
      if (!existsSync(folder)) return
      if (performance.now() > end) throw error
    }
  }
}

/** What all machines of a run share. */
export interface Kit {
  /** The agent's program. */
  readonly agent: string
  /** Folder of the image's only layer. */
  readonly layer: string
}

/** A machine in a network namespace of its own, its agents one after the other, and what the control plane knows of its pods. */
export class RealMachine {
  readonly at: string
  readonly netns: string
  readonly parent: string
  readonly pods = new Map<string, Pod>()
  readonly configMaps = new Map<string, ConfigMap>()
  readonly statuses = new Map<string, PodStatus>()
  readonly gone = new Set<string>()
  /** By phase: the labels that were passed. */
  readonly points: string[] = []
  deaths = 0
  /** All that its agents did and said, with the milliseconds of its life. */
  readonly #story: string[]
  readonly #bornMs = performance.now()
  readonly #agent: string
  readonly #options: AgentOptions
  #child: ChildProcess | undefined
  #ended: Promise<void> = Promise.resolve()
  #isClosed = false
  #failure: unknown
  #death: CrashPoint | undefined

  constructor(tag: string, { agent, layer }: Kit, story: string[] = []) {
    this.#story = story
    this.#agent = agent
    const name = `${tag}-${(machines++).toString(36)}`
    this.at = mkdtempSync(join(tmpdir(), `gantry-${name}-`))
    this.netns = `gt-${name}`
    this.parent = `/gantry-${name}`
    this.#options = { at: this.at, parent: this.parent, layer, podCidr: '10.213.1.0/24' }
    run('ip', 'netns', 'add', this.netns)
    run('ip', '-n', this.netns, 'link', 'set', 'lo', 'up')
  }

  /** The next agent dies at this point of its start. */
  async start(death?: CrashPoint): Promise<void> {
    const child = fork(this.#agent, [], { execPath: '/usr/bin/nsenter', execArgv: [`--net=/run/netns/${this.netns}`, process.execPath, '--disable-warning=ExperimentalWarning'], stdio: ['ignore', 'inherit', 'pipe', 'ipc'] })
    this.#child = child
    this.note('an agent starts')
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.note(text.trimEnd()))
    let isOpen = false
    child.on('message', (message: FromAgent) => {
      if (message.kind === 'open') isOpen = true
      else if (message.kind === 'point') this.points.push(message.label)
      this.note(message.kind === 'point' ? message.label : message.kind)
      if (message.kind === 'report') this.#take(message.report)
    })
    // When all that it said has been heard, too: its exit may be seen before that.
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
    this.#ended = ended
    void ended.then(() => {
      if (this.#child !== child || this.#isClosed) return
      this.deaths++
      this.note('it has died')
      this.#death = undefined
      this.#child = undefined
      this.start().catch((error: unknown) => void (this.#failure ??= error))
    })
    this.#send({ kind: 'open', options: this.#options, death })
    await this.until(() => isOpen || this.#child !== child || this.#isClosed, `the agent is open (${this.points.slice(-3).join('; ')})`)
    if (this.#child === child) this.#send({ kind: 'set', pods: [...this.pods.values()].map((pod) => ({ ...pod, status: this.statuses.get(pod.metadata.uid ?? '') ?? pod.status })), configMaps: [...this.configMaps.values()] })
  }

  note(what: string): void {
    this.#story.push(`${(performance.now() - this.#bornMs).toFixed(0)} ms: ${what}`)
  }

  /** From now on points are counted anew, and the agent dies at this one. */
  watch(death: CrashPoint | undefined): void {
    this.points.length = 0
    this.#death = death
    this.#send({ kind: 'watch', death })
  }

  /** Whether the death asked for last is still to come. */
  get isSpared(): boolean {
    return this.#death !== undefined
  }

  /** SIGKILL from outside, while it does nothing. The next one dies at this point of its start. */
  async restart(death: CrashPoint | undefined): Promise<void> {
    const child = this.#child
    this.points.length = 0
    this.#death = death
    this.#child = undefined
    child?.kill('SIGKILL')
    await this.#ended
    this.points.length = 0
    await this.start(death)
  }

  put(pod: Pod): void {
    this.pods.set(pod.metadata.uid ?? '', pod)
    this.#send({ kind: 'update', pod })
  }

  config(configMap: ConfigMap): void {
    this.configMaps.set(configMap.metadata.name ?? '', configMap)
    this.#send({ kind: 'config', configMap })
  }

  async until(check: () => boolean, what: string, limitMs = LIMIT_MS): Promise<void> {
    const end = performance.now() + limitMs
    while (!check()) {
      if (this.#failure !== undefined) throw this.#failure
      if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms, after ${this.deaths} deaths${this.#child === undefined ? ', and no agent lives' : ''}; last it did: ${this.points.slice(-8).join('; ')}; what runs: ${this.#running().join('; ')}; told: ${JSON.stringify([...this.statuses.values()]).slice(0, 1500)}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** All there is to see of it, line by line, without what differs from run to run. */
  view(): readonly string[] {
    const plain = (text: string): string => text.replaceAll(this.at, '').replaceAll(this.parent, '').replaceAll(this.netns, '')
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(this.at)).map((line) => `mount ${line.split(' ')[4]} ${line.split(' - ')[1]?.split(' ')[0]}`)
    // As it was set: whether anything is plugged in (its `state`) the kernel notices up to a second later.
    const links = run('ip', '-n', this.netns, '-o', 'link').split('\n').filter((line) => line !== '').map((line) => `link ${line.split(': ')[1]?.replace(/@.*/, '')} ${/[<,]UP[,>]/.test(line) ? 'UP' : 'DOWN'}`)
    const sandboxes = this.#names('network').filter((name) => name.endsWith('.netns')).flatMap((name) => run('nsenter', `--net=${join(this.at, 'network', name)}`, 'sh', '-c', 'ip -o -4 address show; ip route; cat /proc/sys/net/ipv4/ip_unprivileged_port_start').split('\n').map((line) => `sandbox ${line.replace(/^\d+: /, '').replace(/ifindex \d+|if\d+/g, '')}`))
    const nft = run('ip', 'netns', 'exec', this.netns, 'nft', '-s', 'list', 'ruleset').split('\n').filter((line) => line.includes('8099')).map((line) => `nft ${line.trim()}`)
    const groups = this.#groups().map((path) => `group ${path}`)
    const processes = this.#processes()
    const roots = this.#names('snapshots').filter((name) => !name.startsWith('.')).map((name) => `root ${name} ${((statSync(join(this.at, 'snapshots', name, 'upper'), { throwIfNoEntry: false })?.mode ?? 0) & 0o7777).toString(8)}`)
    const files = ['run/bundles', 'run/exits', 'run/oci', 'snapshots', 'pods', 'state', 'network', 'logs'].flatMap((folder) => this.#tree(folder)).map((path) => `file ${path}`)
    return [...mounts, ...links, ...sandboxes, ...nft, ...groups, ...processes, ...roots, ...files].map(plain).toSorted()
  }

  /** Ends everything of this machine, however it is. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#child?.kill('SIGKILL')
    // Until then it may make something.
    await this.#ended
    for (const end = performance.now() + END_MS; performance.now() < end; ) {
      const pids = this.#groupFolders().flatMap((folder) => readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter((pid) => pid !== ''))
      const monitors = run('ps', '-eo', 'pid,args').split('\n').filter((line) => line.includes(this.at)).map((line) => line.trim().split(' ')[0] ?? '')
      if (pids.length === 0 && monitors.length === 0) break
      for (const pid of [...pids, ...monitors]) {
        try {
          process.kill(Number(pid), 'SIGKILL')
        } catch {
          // It has ended by itself.
        }
      }
      await sleep(20)
    }
    for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((one) => one.includes(this.at)).toReversed()) execFileSync('umount', ['-l', line.split(' ')[4] ?? ''], { stdio: 'ignore' })
    for (const folder of this.#groupFolders().toReversed()) await removeGroup(folder)
    run('ip', 'netns', 'delete', this.netns)
    rmSync(this.at, { recursive: true, force: true })
  }

  #take({ pod, status, removed }: { readonly pod: Pod; readonly status: PodStatus; readonly removed: boolean }): void {
    const uid = pod.metadata.uid ?? ''
    this.statuses.set(uid, status)
    if (!removed) return
    this.gone.add(uid)
    this.pods.delete(uid)
    this.#send({ kind: 'remove', pod })
  }

  #send(message: ToAgent): void {
    // One that has just died does not hear it; the next is told everything at its start.
    if (this.#child?.connected === true) this.#child.send(message, () => {})
  }

  #names(folder: string): readonly string[] {
    return existsSync(join(this.at, folder)) ? readdirSync(join(this.at, folder)) : []
  }

  #tree(folder: string): readonly string[] {
    return this.#names(folder).flatMap((name) => {
      const path = `${folder}/${name}`
      // What is in a container's own files is its own business; crun keeps its state as it likes.
      if (/^(snapshots|run\/oci)\/[^/]+$/.test(path) || /\/(namespaces|shm|volumes)$/.test(path)) return [path]
      return statSync(join(this.at, path), { throwIfNoEntry: false })?.isDirectory() === true ? [path, ...this.#tree(path)] : [path]
    })
  }

  #groupFolders(): readonly string[] {
    const below = (folder: string): readonly string[] => (existsSync(folder) ? [folder, ...readdirSync(folder, { withFileTypes: true }).filter((one) => one.isDirectory()).flatMap((one) => below(join(folder, one.name)))] : [])
    const root = '/sys/fs/cgroup'
    return existsSync(join(root, 'cgroup.controllers')) ? below(join(root, this.parent)) : readdirSync(root).flatMap((controller) => below(join(root, controller, this.parent)))
  }

  #groups(): readonly string[] {
    return this.#groupFolders().map((folder) => folder.slice('/sys/fs/cgroup'.length))
  }

  /** What runs below its folder: for how long, and what it waits for. */
  #running(): readonly string[] {
    return run('ps', '-eo', 'pid,ppid,etimes,stat,wchan:20,args').split('\n').filter((line) => line.includes(this.at)).map((line) => line.trim().replaceAll(this.at, '').slice(0, 200))
  }

  /** Of its containers and their monitors. */
  #processes(): readonly string[] {
    const lines = run('ps', '-eo', 'args').split('\n')
    return lines.filter((line) => line.includes(this.at) && line.includes('conmon')).map((line) => `monitor ${/-c (\S+)/.exec(line)?.[1]}`)
  }
}
