import { messageOf } from '../../shared/kit/faults.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { claimNameOf } from '../../shared/model/volume-claims.ts'
import { podLimits } from '../cgroups/pod-limits.ts'
import type { Image } from '../images/port.ts'
import { sysctlsOf } from '../runtime/oci-spec.ts'
import type { PrepareResult } from '../volumes/port.ts'
import { containerTrouble, imageFound } from './apply.ts'
import { findVolumeImages, type VolumeImages } from './image-volumes.ts'
import { hostnameOf } from './pod-files.ts'
import { containerRecord, containersOf, type ImageRecord, type PodRecord, withMoment } from './record.ts'
import { retryDelayMs } from './restart.ts'
import { pullSecretsOf } from './pull-secrets.ts'
import { podAsSeen } from './seen-pod.ts'
import { containerNamed, type Change, type StepContext } from './step-context.ts'
import type { ActionStep } from './steps.ts'
import { imageVolumesOf, missingImageVolumes } from './volumes-of-images.ts'
import { events } from './words.ts'

/** The pod's group and its network, side by side. */
export async function prepareSandbox({ parts, pod, record, emit }: StepContext): Promise<Change> {
  const { cgroups, network, config, clock } = parts
  const uid = pod.metadata.uid ?? ''
  try {
    const ownUsers = pod.spec?.hostUsers === false
    if (ownUsers && parts.runtime.name === 'runc') throw new Error(NO_USERS)
    const hostname = hostnameOf(pod, config.clusterDomain)
    if (hostname.length > 64) throw new Error(`failed to construct FQDN from pod hostname and cluster domain, FQDN ${hostname} is too long (64 characters is the max, ${hostname.length} characters requested)`)
    const attach = pod.spec?.hostNetwork === true ? Promise.resolve({ ip: config.hostIP, netnsPath: undefined, users: undefined }) : network.attach(uid, { hostname, ownUsers, hostPorts: hostPortsOf(pod), sysctls: networkSysctlsOf(pod) })
    const [sandbox] = await Promise.all([attach, cgroups.createPod(uid, podLimits(pod, config))])
    const nowMs = clock.nowMs()
    return (newest) => withMoment({ ...newest, sandbox: { kind: 'ready', ip: sandbox.ip, netnsPath: sandbox.netnsPath, ...(sandbox.users === undefined ? {} : { users: sandbox.users }) } }, 'network', nowMs)
  } catch (error) {
    const failures = (record.sandbox.kind === 'failed' ? record.sandbox.failures : 0) + 1
    const message = messageOf(error)
    emit(events.sandboxFailed(message))
    const retryAtMs = clock.nowMs() + retryDelayMs(failures) / 10
    return (newest) => ({ ...newest, sandbox: { kind: 'failed', message, failures, retryAtMs } })
  }
}

/** Of Debian's runc: it shows no volumes with other owners. The first half is kubelet's. */
const NO_USERS = 'RuntimeClass handler "" does not support user namespaces: this node runs containers by runc; crun can'

/** Here and not when its containers are made: what the kernel does not take is then a matter of the sandbox, as with a pause container. */
const networkSysctlsOf = (pod: Pod): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(sysctlsOf(pod)).filter(([name]) => name.startsWith('net.')))

function hostPortsOf(pod: Pod): ReadonlyArray<{ readonly hostPort: number; readonly containerPort: number; readonly protocol: 'TCP' | 'UDP' | 'SCTP'; readonly hostIP: string }> {
  const ports = [...(pod.spec?.initContainers ?? []).filter((one) => one.restartPolicy === 'Always'), ...(pod.spec?.containers ?? [])].flatMap((one) => one.ports ?? [])
  return ports.flatMap(({ hostPort, containerPort, protocol, hostIP }) => (hostPort ? [{ hostPort, containerPort, protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP', hostIP: hostIP ?? '' }] : []))
}

/** How long a volume waits at most for a source that nobody announces. */
const LONGEST_VOLUME_WAIT_MS = 20_000

export async function prepareVolumes(context: StepContext): Promise<Change> {
  const { parts, record, emit } = context
  const result = await allVolumes(context)
  const nowMs = parts.clock.nowMs()
  if (result.kind === 'ready') return (newest) => withMoment({ ...newest, volumes: { kind: 'ready', paths: result.paths } }, 'volumes', nowMs)
  for (const message of [result.message, ...(result.more ?? [])]) emit(events.mountFailed(message))
  const failures = (record.volumes.kind === 'waiting' ? record.volumes.failures : 0) + 1
  const retryAtMs = nowMs + Math.min(LONGEST_VOLUME_WAIT_MS, 500 * 2 ** failures)
  return (newest) => ({ ...newest, volumes: { kind: 'waiting', message: result.message, failures, retryAtMs } })
}

/** All but those of images, which are there with the containers that mount them, and those of claims that are mounted already: these are the pod's to its end, whatever becomes of the claim. */
async function allVolumes(context: StepContext): Promise<PrepareResult> {
  const { parts, pod, record } = context
  const seen = podAsSeen(pod, record.firstSeenMs)
  const known = record.volumes.kind === 'ready' ? record.volumes.paths : {}
  const mounted = new Map(Object.entries(known).filter(([name]) => pod.spec?.volumes?.some((volume) => volume.name === name && claimNameOf(pod, volume) !== undefined)))
  if (imageVolumesOf(pod).length === 0 && mounted.size === 0) return parts.volumes.prepare(seen, parts.sources)
  const others = (seen.spec?.volumes ?? []).filter(({ name, image }) => image === undefined && !mounted.has(name))
  const result = await parts.volumes.prepare({ ...seen, spec: { containers: [], ...seen.spec, volumes: others } }, parts.sources)
  return result.kind === 'ready' ? { kind: 'ready', paths: { ...Object.fromEntries(mounted), ...result.paths } } : result
}

type ImageStep = Extract<ActionStep, { kind: 'ensure-image' }>

/** The images of the volumes that a container mounts, then its own. Whatever keeps them away (a full disk, a store that cannot be read) is told as kubelet tells of it, and holds back no other container. */
export async function ensureImage(context: StepContext, step: ImageStep): Promise<Change> {
  try {
    return await ensureImages(context, step)
  } catch (error) {
    if (context.signal.aborted) throw error
    const message = messageOf(error)
    context.parts.log.warn({ container: step.container, err: message }, 'the image store failed')
    return imageRefused(context, step.container, { reason: 'ErrImagePull', message })
  }
}

async function ensureImages(context: StepContext, step: ImageStep): Promise<Change> {
  const { pod } = context
  const volumes = await findVolumeImages(context, missingImageVolumes(pod, context.record, containerNamed(pod, step.container).spec))
  if (volumes.kind === 'refused') return imageRefused(context, step.container, volumes)
  const change = await ensureOwnImage(context, step)
  return Object.keys(volumes.images).length === 0 ? change : (newest) => change({ ...newest, imageVolumes: { ...volumes.images, ...newest.imageVolumes } })
}

async function ensureOwnImage(context: StepContext, { container: name, attempt }: ImageStep): Promise<Change> {
  const { parts, pod, signal, emit } = context
  const { spec } = containerNamed(pod, name)
  const reference = spec.image ?? ''
  const policy = spec.imagePullPolicy === 'Always' || spec.imagePullPolicy === 'Never' ? spec.imagePullPolicy : 'IfNotPresent'
  const { logins, missing } = pullSecretsOf(pod, (namespace, secret) => parts.sources.secret(namespace, secret))
  const onPulling = (): void => {
    if (missing.length > 0) emit(events.pullSecretsMissing(missing))
    emit(events.pulling(name, reference))
  }
  const result = await parts.images.ensure(reference, policy, { signal, logins, onPulling })
  const nowMs = parts.clock.nowMs()
  if (result.kind === 'present') {
    const { image, pulled } = result
    if (pulled !== false) emit(events.pulledNow(name, reference, { ...pulled, sizeBytes: image.sizeBytes }))
    return (newest) => allImagesHere(pod, imageFound(newest, name, { ...imageRecord(reference, image), attempt, pulled: pulled !== false }), nowMs)
  }
  return imageRefused(context, name, result)
}

type Refusal = Pick<Extract<VolumeImages, { kind: 'refused' }>, 'reason' | 'message'> & { /** Of a volume. */ readonly reference?: string }

function imageRefused({ parts, pod, record, emit }: StepContext, name: string, { reason, message, reference }: Refusal): Change {
  const told = reference === undefined ? name : undefined
  const again = containerRecord(record, name).problem?.of === 'image'
  switch (reason) {
    case 'InvalidImageName':
      emit(events.inspectFailed(told, message))
      break
    case 'ErrImageNeverPull':
      emit(events.neverPull(told, message))
      break
    case 'ErrImagePull':
      emit(events.pullFailed(told, reference ?? containerNamed(pod, name).spec.image ?? '', message))
      break
  }
  if (!again || reason === 'ErrImagePull') emit(events.startFailed(name, reason))
  const nowMs = parts.clock.nowMs()
  return (newest) => containerTrouble(newest, name, { of: 'image', reason, message, nowMs, ...(reference === undefined ? {} : { volumeImage: reference }) })
}

/** For the start of a pod the last of its images counts. */
const allImagesHere = (pod: Pod, record: PodRecord, nowMs: number): PodRecord => (containersOf(pod).every(({ kind, spec }) => kind === 'ephemeral' || containerRecord(record, spec.name).image !== undefined) ? withMoment(record, 'image', nowMs) : record)

/** How an image is named in the status: its full name, or its digest where it has none. */
export function imageRecord(reference: string, image: Image): ImageRecord {
  const name = image.tags.find((tag) => tag === reference || tag.endsWith(`/${reference}`)) ?? image.digests.find((digest) => digest === reference) ?? image.tags[0] ?? image.digests[0] ?? image.id
  return { reference, name, id: image.digests[0] ?? image.id, configId: image.id, stopSignal: image.config.stopSignal }
}
