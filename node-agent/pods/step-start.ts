import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import { expandVariables, unknownVariable } from '../../shared/model/expansion.ts'
import type { ContainerIdentity } from '../runtime/oci-user.ts'
import type { VolumeMountSource } from '../runtime/oci-mounts.ts'
import { ociSpec } from '../runtime/oci-spec.ts'
import { parseSeccomp, profileOf, type OciSeccomp } from '../runtime/seccomp.ts'
import type { ContainerSpec } from '../runtime/port.ts'
import { appArmorProfileFor } from './app-armor.ts'
import { beginAttempt, containerExited, containerStarted, containerTrouble } from './apply.ts'
import { containerEnv } from './env.ts'
import { showImageVolume } from './image-volumes.ts'
import { hostnameOf, hostsFile, resolvConf } from './pod-files.ts'
import { containerLogPath, namespacesFolder, pauseFolder, shmPath, subPathTarget, terminationLogPath } from './paths.ts'
import { isGiven, readOnlyOf } from './read-only.ts'
import { containerId, containerRecord, containersOf, withContainer, withMoment, type PodContainer } from './record.ts'
import { mayRun } from './right.ts'
import { podAsSeen } from './seen-pod.ts'
import { containerNamed, podIPOf, unchanged, type Change, type StepContext } from './step-context.ts'
import { fileLabelFor } from './se-linux.ts'
import type { Step } from './steps.ts'
import { imageVolumesOf } from './volumes-of-images.ts'
import { createFailed, events } from './words.ts'

type StartStep = Extract<Step, { kind: 'start-container' }>

/** A container that cannot be made as things are: shown as a waiting reason, tried again. */
class NotYet {
  readonly reason: string
  readonly message: string
  constructor(reason: string, message: string) {
    this.reason = reason
    this.message = message
  }
}

interface Prepared {
  readonly spec: ContainerSpec
  readonly user: ContainerIdentity
}

/** Exit code of a container that the runtime could not start, as containerd counts it. */
const START_ERROR = 128

/** Makes and starts the next attempt of a container. */
export async function startContainer(context: StepContext, step: StartStep): Promise<Change> {
  const { pod, emit } = context
  const container = containerNamed(pod, step.container)
  const { name } = container.spec
  let prepared: Prepared | NotYet | 'image gone'
  try {
    prepared = await prepare(context, container, step.attempt)
  } catch (error) {
    if (isFault(error, 'cancelled')) throw error
    prepared = new NotYet('CreateContainerError', messageOf(error))
  }
  if (prepared === 'image gone') return imageIsGone(context, container)
  const { image } = containerRecord(context.record, name)
  // What was pulled for this attempt has been told of.
  if (image?.pulled !== true || image.attempt !== step.attempt) emit(events.pulled(name, container.spec.image ?? ''))
  if (prepared instanceof NotYet) return notStarted(context, name, prepared)
  const { spec, user } = prepared
  let done: Awaited<ReturnType<typeof createAndStart>>
  try {
    done = await createAndStart(context, name, spec)
  } catch (error) {
    if (isFault(error, 'cancelled')) throw error
    return notStarted(context, name, new NotYet('CreateContainerError', messageOf(error)))
  }
  if (done === 'no-right') return unchanged
  const { started, createdMs } = done
  if (started.kind === 'refused') return startError(context, step, { id: spec.id, message: started.message })
  emit(events.started(name))
  return (record) =>
    containerStarted(container.kind === 'main' ? withMoment(beginAttempt(record, name, step), 'created', createdMs) : beginAttempt(record, name, step), name, {
      id: spec.id,
      startedMs: started.startedMs,
      hook: container.spec.lifecycle?.postStart === undefined ? 'none' : 'due',
      user,
      started: container.spec.startupProbe === undefined,
      ready: container.spec.readinessProbe === undefined,
      isMain: container.kind === 'main',
      applied: container.spec.resources ?? {},
    })
}

/** Somebody took the image (or that of a volume) away since it was seen here: it is looked for anew, and the first time made of at once. */
function imageIsGone({ parts }: StepContext, { spec: { name, image = '', volumeMounts = [] } }: PodContainer): Change {
  const nowMs = parts.clock.nowMs()
  const message = `the image ${image} is not on this node any more`
  return (record) => {
    const imageVolumes = Object.fromEntries(Object.entries(record.imageVolumes ?? {}).filter(([volume]) => !volumeMounts.some((mount) => mount.name === volume)))
    const anew = withContainer(containerTrouble(record.imageVolumes === undefined ? record : { ...record, imageVolumes }, name, { of: 'container', reason: 'CreateContainerError', message, nowMs }), name, { image: undefined })
    const { problem } = containerRecord(anew, name)
    return problem?.failures === 1 ? withContainer(anew, name, { problem: { ...problem, retryAtMs: nowMs } }) : anew
  }
}

/** Whoever looks at the pod sees why its container is not there yet. */
function notStarted({ parts, emit }: StepContext, name: string, { reason, message }: NotYet): Change {
  const nowMs = parts.clock.nowMs()
  emit(events.startFailed(name, message))
  return (record) => containerTrouble(record, name, { of: 'container', reason, message, nowMs })
}

/** A half-made container is taken away again, so that the next try does not meet it. The right to run it may have ended while it was made. */
async function createAndStart({ parts, pod, emit }: StepContext, name: string, spec: ContainerSpec) {
  try {
    const created = await parts.runtime.create(spec)
    if (created.kind === 'created' && !mayRun(parts.right, pod)) {
      await parts.runtime.delete(spec.id)
      return 'no-right' as const
    }
    const createdMs = parts.clock.nowMs()
    emit(events.created(name))
    return { createdMs, started: created.kind === 'created' ? await parts.runtime.start(spec.id) : created }
  } catch (error) {
    await parts.runtime.delete(spec.id).catch(() => {})
    throw error
  }
}

function startError({ parts, emit }: StepContext, step: StartStep, { id, message }: { readonly id: string; readonly message: string }): Change {
  const words = createFailed(message)
  const finishedMs = parts.clock.nowMs()
  emit(events.startFailed(step.container, words))
  return (record) => containerExited(beginAttempt(record, step.container, step), step.container, { id, exitCode: START_ERROR, reason: 'StartError', message: words, startedMs: 0, finishedMs })
}

async function prepare(context: StepContext, container: PodContainer, attempt: number): Promise<Prepared | NotYet | 'image gone'> {
  const { parts, pod, record } = context
  const { snapshots, images, files, config, cgroups } = parts
  const uid = pod.metadata.uid ?? ''
  const { spec } = container
  const id = containerId(uid, spec.name, attempt)
  const image = await images.find(containerRecord(record, spec.name).image?.configId ?? spec.image ?? '')
  if (image === undefined) return 'image gone'
  const env = await environment(context, container)
  if (env instanceof NotYet) return env
  const unknown = (spec.volumeMounts ?? []).map((mount) => unknownVariable(mount.subPathExpr ?? '', env)).find((name) => name !== undefined)
  if (unknown !== undefined) return new NotYet('CreateContainerConfigError', `missing value for ${unknown}`)
  const [appArmorProfile, label] = await Promise.all([appArmorProfileFor(parts, pod, spec), fileLabelFor(parts, pod, spec)])
  const ownUsers = record.sandbox.kind === 'ready' ? record.sandbox.users : undefined
  const { rootfs } = await snapshots.prepare(id, image.layers, { ownersPath: ownUsers?.ownersPath, label })
  const [users, mounts, podFiles, shared] = await Promise.all([files.users(rootfs), volumeSources(context, container, env), writePodFiles(context, container, attempt), sharedWith(context, container)])
  if (mounts === 'image gone' || mounts instanceof NotYet) {
    await snapshots.remove(id)
    return mounts
  }
  const built = ociSpec({
    pod,
    container: spec,
    image: image.config,
    users,
    env,
    rootfs,
    sandbox: { netnsPath: record.sandbox.kind === 'ready' ? record.sandbox.netnsPath : undefined, ipcPath: shared.ipcPath, utsPath: shared.utsPath, pidPath: shared.pidPath, users: ownUsers === undefined ? undefined : { path: ownUsers.usersPath, hostFirst: ownUsers.hostFirst }, hostname: pod.spec?.hostNetwork === true ? config.hostname : hostnameOf(pod, config.clusterDomain) },
    volumes: mounts,
    files: podFiles,
    shmPath: shared.shmPath,
    cgroupsPath: `${cgroups.podPath(uid)}/${id}`,
    node: { capabilities: config.capabilities, memoryBytes: config.capacity.memoryBytes, podPidsLimit: config.podPidsLimit, hugePageSizes: config.hugePageSizes, boundsSwap: cgroups.boundsSwap, memoryQos: config.memoryQos, architecture: config.architecture, cgroupVersion: cgroups.version, securityModules: config.capacity.securityModules },
    devices: spec.securityContext?.privileged === true ? await files.devices() : [],
    localSeccomp: await localSeccomp(context, spec),
    appArmorProfile,
    qosClass: pod.status?.qosClass ?? 'BestEffort',
  })
  if (built.kind === 'refused') {
    await snapshots.remove(id)
    return new NotYet(built.reason, built.message)
  }
  const logPath = containerLogPath(config.logFolder, pod, { container: spec.name, attempt })
  return { user: built.user, spec: { id, rootfs, config: built.config, ownUsers: built.ownUsers, logPath, terminal: spec.tty === true, stdin: spec.stdin === true, stdinOnce: spec.stdinOnce === true } }
}

/** The seccomp profile of the node that the container names; undefined where it names none, or none that is there. */
async function localSeccomp({ parts, pod }: StepContext, spec: PodContainer['spec']): Promise<OciSeccomp | undefined> {
  const profile = profileOf(pod, spec)
  const name = profile?.type === 'Localhost' ? (profile.localhostProfile ?? '') : ''
  const folder = parts.config.seccompFolder
  if (folder === undefined || name === '' || name.startsWith('/') || name.split('/').includes('..')) return undefined
  const text = await parts.files.read(`${folder}/${name}`)
  if (text === undefined) return undefined
  const parsed = parseSeccomp(text)
  if (parsed === undefined) throw new Fault('invalid', `cannot load seccomp profile ${JSON.stringify(name)}: it is no JSON object with a defaultAction`)
  return parsed
}

async function environment(context: StepContext, container: PodContainer): Promise<Readonly<Record<string, string>> | NotYet> {
  const { parts, pod, record } = context
  const { sources, config } = parts
  const podIP = podIPOf(context)
  const wanted = (container.spec.env ?? []).flatMap((one) => (one.valueFrom?.fileKeyRef ? [one.valueFrom.fileKeyRef] : []))
  const paths = record.volumes.kind === 'ready' ? record.volumes.paths : {}
  const texts = new Map(await Promise.all(wanted.map(async ({ volumeName, path }) => [`${volumeName}/${path}`, await fileIn(parts, paths[volumeName], path)] as const)))
  const result = containerEnv(podAsSeen(pod, record.firstSeenMs), container.spec, {
    configMap: (namespace, name) => sources.configMap(namespace, name),
    secret: (namespace, name) => sources.secret(namespace, name),
    services: sources.services(),
    status: { hostIP: config.hostIP, hostIPs: [{ ip: config.hostIP }], podIP, podIPs: podIP === '' ? [] : [{ ip: podIP }] },
    allocatable: config.allocatable,
    file: (volume, path) => texts.get(`${volume}/${path}`),
  })
  return result.kind === 'env' ? result.env : new NotYet('CreateContainerConfigError', result.message)
}

/** Undefined where it cannot be read, whatever the reason: a pod learns nothing of the node by it. */
const fileIn = (parts: StepContext['parts'], volume: string | undefined, path: string): Promise<string | undefined> => (volume === undefined ? Promise.resolve(undefined) : parts.files.readInside(volume, path).catch(() => undefined))

interface Shared {
  readonly ipcPath?: string | undefined
  readonly utsPath?: string | undefined
  readonly pidPath?: string | undefined
  readonly shmPath?: string | undefined
}

/**
 * What this container shares with the others of its pod. Where there will be others, namespaces are pinned before the first one; a lone
 * container makes its own, and a debug container that comes later joins those while it runs.
 */
async function sharedWith(context: StepContext, container: PodContainer): Promise<Shared> {
  const { parts, pod, record } = context
  const { files, volumes } = parts
  const folder = volumes.podFolder(pod.metadata.uid ?? '')
  const planned = containersOf(pod).filter(({ kind }) => kind !== 'ephemeral')
  const others = planned.filter(({ spec }) => spec.name !== container.spec.name).map(({ spec }) => spec.name)
  const target = container.target ?? (pod.spec?.shareProcessNamespace === true ? undefined : '')
  const withPause = target === undefined && parts.pause !== undefined
  const pidHolder = target === '' || withPause ? undefined : await runningPid(context, target === undefined ? others : [target])
  const pidPath = pidHolder === undefined ? undefined : `/proc/${pidHolder}/ns/pid`
  if (planned.length > 1 || withPause) {
    const sandbox = record.sandbox.kind === 'ready' ? record.sandbox : undefined
    const usersPath = sandbox?.users?.usersPath
    const [namespaces] = await Promise.all([files.pinNamespaces(namespacesFolder(folder), usersPath), files.mountShm(shmPath(folder))])
    const place = { folder: pauseFolder(folder), cgroupsPath: `${parts.cgroups.podPath(pod.metadata.uid ?? '')}/pause`, usersPath, netnsPath: sandbox?.netnsPath, ...namespaces }
    return { ...namespaces, pidPath: withPause ? await parts.pause?.(place) : pidPath, shmPath: shmPath(folder) }
  }
  const holder = await runningPid(context, others)
  return { pidPath, ...(holder === undefined ? {} : { ipcPath: `/proc/${holder}/ns/ipc`, utsPath: `/proc/${holder}/ns/uts` }) }
}

async function runningPid({ parts, record }: StepContext, names: readonly string[]): Promise<number | undefined> {
  for (const name of names) {
    const { now } = containerRecord(record, name)
    const state = now.kind === 'running' ? await parts.runtime.state(now.id) : undefined
    if (state?.kind === 'running') return state.pid
  }
  return undefined
}

async function volumeSources(context: StepContext, { spec }: PodContainer, env: Readonly<Record<string, string>>): Promise<readonly VolumeMountSource[] | NotYet | 'image gone'> {
  const { parts, pod, record } = context
  const known = record.volumes.kind === 'ready' ? record.volumes.paths : {}
  const given = new Set((pod.spec?.volumes ?? []).filter(isGiven).map(({ name }) => name))
  const ofImages = new Set(imageVolumesOf(pod).map(({ name }) => name))
  const shown = await shownImages(context, spec, ofImages)
  if (shown === 'image gone') return shown
  const paths = { ...known, ...shown }
  const hasOwnUsers = record.sandbox.kind === 'ready' && record.sandbox.users !== undefined
  const sources = await Promise.all(
    (spec.volumeMounts ?? []).map(async (mount, index): Promise<VolumeMountSource | NotYet> => {
      const volume = paths[mount.name]
      if (volume === undefined) throw new Fault('not-found', `volume "${mount.name}" is not there`)
      const inside = mount.subPathExpr ? expandVariables(mount.subPathExpr, env) : (mount.subPath ?? '')
      const wrong = mount.subPathExpr ? wrongSubPath(inside) : undefined
      if (wrong !== undefined) return new NotYet('CreateContainerConfigError', wrong)
      const part = { volume, subPath: inside, mustExist: ofImages.has(mount.name), target: subPathTarget(parts.volumes.podFolder(pod.metadata.uid ?? ''), { container: spec.name, index }) }
      const source = inside === '' ? volume : await parts.files.subPath(part).catch((error: unknown) => (ofImages.has(mount.name) ? imageSubPathRefused(error, { volume, inside }) : subPathRefused(error, mount.name, spec.name)))
      if (source instanceof NotYet) return source
      return { mountPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`, source, readOnly: readOnlyOf(given.has(mount.name) ? { ...mount, readOnly: true } : mount), propagation: mount.mountPropagation, ...(ofImages.has(mount.name) ? { noExec: true, hasOwners: hasOwnUsers } : {}) }
    }),
  )
  const refused = sources.find((one) => one instanceof NotYet)
  return refused ?? sources.filter((one): one is VolumeMountSource => !(one instanceof NotYet))
}

/** Where the images that the container mounts are shown. What was shown by a version of this agent that kept no note of the image stays where it is. */
async function shownImages(context: StepContext, spec: PodContainer['spec'], ofImages: ReadonlySet<string>): Promise<Readonly<Record<string, string>> | 'image gone'> {
  const names = new Set((spec.volumeMounts ?? []).map(({ name }) => name).filter((name) => ofImages.has(name) && context.record.imageVolumes?.[name] !== undefined))
  const shown: Record<string, string> = {}
  for (const name of names) {
    const path = await showImageVolume(context, name)
    if (path === undefined) return 'image gone'
    shown[name] = path
  }
  return shown
}

/** Kubelet's words of a sub path that was made of variables; one that is written out was looked at before it was stored. */
function wrongSubPath(path: string): string | undefined {
  if (path.startsWith('/')) return `error SubPath \`${path}\` must not be an absolute path`
  return path.split('/').includes('..') ? `unable to provision SubPath \`${path}\`: must not contain '..'` : undefined
}

/** Containerd's words. */
function imageSubPathRefused(error: unknown, { volume, inside }: { readonly volume: string; readonly inside: string }): NotYet {
  if (!isFault(error, 'not-found') && !isFault(error, 'invalid')) throw error
  const what = isFault(error, 'not-found') ? 'no such file or directory' : 'path escapes from parent'
  return new NotYet('CreateContainerError', `failed to mount image volume: failed to ensure image subpath ${JSON.stringify(inside)} in ${JSON.stringify(volume)}: openat ${inside}: ${what}`)
}

/** Where it leads is not told: it could give away what is on the host (kubelet says no more either). */
function subPathRefused(error: unknown, volume: string, container: string): NotYet {
  if (isFault(error, 'invalid')) return new NotYet('CreateContainerConfigError', `failed to prepare subPath for volumeMount "${volume}" of container "${container}"`)
  throw error
}

/** The files the agent mounts into a container, by their path in it. */
async function writePodFiles(context: StepContext, { spec }: PodContainer, attempt: number): Promise<Readonly<Record<string, string>>> {
  const { parts, pod } = context
  const { files, config, volumes } = parts
  const folder = volumes.podFolder(pod.metadata.uid ?? '')
  const hostname = pod.spec?.hostNetwork === true ? config.hostname : hostnameOf(pod, config.clusterDomain)
  const [nodeHosts, nodeResolvConf, there] = await Promise.all([pod.spec?.hostNetwork === true ? files.read('/etc/hosts') : undefined, files.read('/etc/resolv.conf'), files.names(folder)])
  const hosts = hostsFile(pod, { ip: podIPOf(context), hostname, clusterDomain: config.clusterDomain, nodeHosts: nodeHosts ?? '' })
  const resolver = resolvConf(pod, { clusterDns: config.clusterDns, clusterDomain: config.clusterDomain, nodeResolvConf: nodeResolvConf ?? '' })
  const terminationLog = terminationLogPath(folder, { container: spec.name, attempt })
  // Written in place of nothing only: a container that runs has the file mounted and may have changed it.
  const once = async (name: string, text: string): Promise<void> => (there.includes(name) ? undefined : files.write(`${folder}/${name}`, text, 0o644))
  // Makes the folder of them all.
  await files.write(terminationLog, '', 0o666)
  await Promise.all([once('hosts', hosts), once('hostname', `${hostname}\n`), once('resolv.conf', resolver)])
  return { '/etc/hosts': `${folder}/hosts`, '/etc/hostname': `${folder}/hostname`, '/etc/resolv.conf': `${folder}/resolv.conf`, [spec.terminationMessagePath || '/dev/termination-log']: terminationLog }
}
