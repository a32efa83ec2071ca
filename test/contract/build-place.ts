/** Where images are built with the real parts: crun under conmon, overlayfs, control groups, a store on a memory file system. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { busyboxFiles, dockerArchive } from '../../deploy/images/make-busybox.ts'
import { buildLines } from '../../node-agent/builds/serve.ts'
import type { BuildParts } from '../../node-agent/builds/workplace.ts'
import { openCgroups } from '../../node-agent/cgroups/cgroups.ts'
import { ownCapabilities } from '../../node-agent/host/capabilities.ts'
import { systemMounts } from '../../node-agent/host/mounts.ts'
import { securityModules } from '../../node-agent/host/security-modules.ts'
import type { DiskImages } from '../../node-agent/images/disk-images.ts'
import { createImageStore } from '../../node-agent/images/images.ts'
import type { TarInput } from '../../node-agent/images/tar-writer.ts'
import { hostLogFiles } from '../../node-agent/logs/files.ts'
import { fakePodNetwork } from '../../node-agent/network/fake.ts'
import { hostPodFiles } from '../../node-agent/pods/pods.ts'
import { openCrun } from '../../node-agent/runtime/crun.ts'
import { crunForThisHost } from '../../node-agent/runtime/hybrid.ts'
import { createOverlaySnapshots } from '../../node-agent/snapshots/snapshots.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { systemRandom } from '../../shared/kit/random.ts'
import type { BuildLine, BuildRequest } from '../../shared/model/image-api.ts'
import { bodyOf, builtOf, type Built } from './builds.ts'
import { removeGroup } from './control-groups.ts'

const PARENT = `gantry-test-build-${process.pid}`
const APPLETS = ['sh', 'cat', 'echo', 'ls', 'id', 'env', 'pwd', 'sleep', 'mkdir', 'rm', 'touch', 'stat', 'hostname', 'test', 'false', 'tr', 'wc', 'grep', 'yes', 'head']
const mounts = systemMounts()
export const modules = await securityModules()
export let folder = ''
export const secretsFolder = (): string => join(folder, 'run/build-secrets')
export let store: DiskImages
export let parts: BuildParts

export async function openPlace(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'gantry-build-'))
  // Some hosts' /tmp is an overlay itself, which cannot lie under another.
  await mounts.mount({ type: 'tmpfs', source: 'gantry-test', target: folder, data: 'size=128m' })
  store = await createImageStore({ root: join(folder, 'store'), log: silentLog })
  await writeFile(join(folder, 'base.tar'), dockerArchive('docker.io/library/base:1', busyboxFiles(readFileSync('/bin/busybox'), APPLETS)))
  await store.importArchive(join(folder, 'base.tar'))
  const cgroups = await openCgroups({ parent: `/${PARENT}`, clock: systemClock })
  mkdirSync(join(folder, 'run'))
  const runtime = await openCrun({ folder: join(folder, 'run'), runtime: await crunForThisHost('/usr/bin/crun', folder), conmon: '/usr/bin/conmon', version: 'test', cgroups, concurrency: 4, clock: systemClock, log: silentLog })
  const config = { nodeName: 'n1', hostIP: '10.0.0.1', hostname: 'n1', clusterDns: [], clusterDomain: 'cluster.local', logFolder: join(folder, 'logs'), checkpointFolder: join(folder, 'checkpoints'), capacity: { cpuMillis: 1000, memoryBytes: 2 ** 30, pods: 10, securityModules: modules }, allocatable: {}, capabilities: await ownCapabilities(), architecture: 'amd64', buildSecretsFolder: secretsFolder(), logMaxBytes: 1 << 20, logMaxFiles: 2 }
  parts = { runtime, images: store, cgroups, network: fakePodNetwork(), snapshots: await createOverlaySnapshots({ root: join(folder, 'snapshots'), mounts, hold: (holder, layers) => store.hold(holder, layers) }), files: hostPodFiles(mounts), logs: hostLogFiles(systemClock), guests: new Set(), clock: systemClock, random: systemRandom, log: silentLog, config }
}

export async function closePlace(): Promise<void> {
  await removeGroup(PARENT)
  await mounts.unmount(folder)
  await rm(folder, { recursive: true, force: true })
}

interface Around {
  readonly context?: readonly TarInput[]
  readonly signal?: AbortSignal
  readonly onLine?: (line: BuildLine) => void
  readonly by?: BuildParts
}

export async function build(dockerfile: string, { context = [], signal, onLine, by = parts, ...more }: Partial<BuildRequest> & Around = {}): Promise<Built> {
  const request: BuildRequest = { dockerfile, name: 'Dockerfile', tags: [], args: {}, labels: {}, network: 'none', noCache: false, pull: false, secrets: {}, ...more }
  const lines: BuildLine[] = []
  let rest = ''
  for await (const chunk of buildLines(by, { body: bodyOf(request, context), signal })) {
    const whole = (rest + Buffer.from(chunk).toString()).split('\n')
    rest = whole.pop() ?? ''
    for (const text of whole) {
      const line = JSON.parse(text) as BuildLine
      lines.push(line)
      onLine?.(line)
    }
  }
  return builtOf(lines)
}

/** What is left of a build. */
export async function leftovers(): Promise<object> {
  // Leases whose holders are gone are forgotten when they are looked at.
  await store.stored()
  return { containers: await parts.runtime.list(), snapshots: await parts.snapshots.list(), groups: await parts.cgroups.list(), guests: [...parts.guests], staging: readdirSync(join(folder, 'store/staging')), leases: readdirSync(join(folder, 'store/leases')), secrets: existsSync(secretsFolder()) ? readdirSync(secretsFolder()) : [] }
}
export const nothing = { containers: [], snapshots: [], groups: [], guests: [], staging: [], leases: [], secrets: [] }

/** Answers what a command prints in the image. */
export async function inside(image: string, command: string): Promise<string> {
  const { output, failed } = await build(`FROM ${image}\nRUN ${command}`, { noCache: true })
  expect(failed).toBe('')
  return output
}
