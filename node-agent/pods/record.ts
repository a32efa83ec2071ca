import type { Container, Pod, ResourceRequirements } from '../../shared/model/gen/api.ts'
import type { PodUsers } from '../host/pod-users.ts'
import type { ContainerIdentity } from '../runtime/oci-user.ts'
import type { NodeTimeline } from '../../shared/model/start-timeline.ts'
import type { Allocation } from './allocation.ts'

/**
 * What is known of one pod on this node: plain data, replaced as a whole, kept in the checkpoint. The plan and the status are computed from
 * it and from nothing else. Pure.
 */
export interface PodRecord {
  /** When this node first saw the pod: `status.startTime`. */
  readonly firstSeenMs: number
  /** The node does not take the pod. */
  readonly rejected?: Verdict | undefined
  readonly sandbox: SandboxRecord
  readonly volumes: VolumesRecord
  /** The image (by its config) that each volume of an image shows while the pod lives. */
  readonly imageVolumes?: Readonly<Record<string, string>> | undefined
  readonly containers: Readonly<Record<string, ContainerRecord>>
  /** Everything of the pod is to end. */
  readonly stop?: PodStop | undefined
  /** The pod has failed for this, whatever its containers say. */
  readonly verdict?: Verdict | undefined
  /** A main container has run once: regular init containers are behind us. */
  readonly initialized: boolean
  /** Sandbox, volumes and groups are gone again. */
  readonly cleaned: boolean
  readonly timeline: Timeline
  /** What the node has agreed to give its containers; absent: what the object says. */
  readonly allocated?: Allocation | undefined
  readonly resize?: ResizeRecord | undefined
  /** All its containers are (or were) ended and run anew in place, because a rule of one of them asked for it. */
  readonly restartAll?: RestartAll | undefined
}

export interface RestartAll {
  readonly isUnderWay: boolean
  /** A main container has run before: the pod goes on being a running one. */
  readonly hasRun: boolean
}

/** How far a change of a running pod's resources has come. */
export interface ResizeRecord {
  /** The object wishes what the node cannot give: not now, or never. */
  readonly pending?: { readonly reason: 'Deferred' | 'Infeasible'; readonly message: string; readonly generation: number } | undefined
  /** The node has agreed, and the groups of what runs are being changed; `isWide`: the pod's own has room for what is to come. */
  readonly running?: { readonly generation: number; readonly isWide: boolean; readonly retryAtMs: number; readonly error?: string | undefined } | undefined
}

/** A reason (a stable token) and a sentence. */
export interface Verdict {
  readonly reason: string
  readonly message: string
  /** The node itself ends the pod for want of something: its condition `DisruptionTarget` says so. */
  readonly isDisruption?: true | undefined
}

export type SandboxRecord =
  | { readonly kind: 'none' }
  /** Without a network of its own (`hostNetwork`) there is no path. */
  | { readonly kind: 'ready'; readonly ip: string; readonly netnsPath?: string | undefined; /** Of a pod whose users are its own. */ readonly users?: PodUsers | undefined }
  | { readonly kind: 'failed'; readonly message: string; readonly retryAtMs: number; readonly failures: number }
  /** Removed again, at the pod's end; its address is still told. */
  | { readonly kind: 'gone'; readonly ip: string }

export type VolumesRecord =
  | { readonly kind: 'none' }
  | { readonly kind: 'ready'; readonly paths: Readonly<Record<string, string>> }
  | { readonly kind: 'waiting'; readonly message: string; readonly retryAtMs: number; readonly failures: number }

export interface PodStop {
  /** `deleted`: by the API, with grace · `removed`: its object is gone, at once · `finished`: its work is done · `failed`: the verdict says why. */
  readonly why: 'deleted' | 'removed' | 'finished' | 'failed'
  readonly sinceMs: number
  readonly graceMs: number
}

/** Milliseconds after {@link PodRecord.firstSeenMs}; what has not happened is missing. */
export type Timeline = Omit<NodeTimeline, 'seenMs'>

export interface ContainerRecord {
  /** Counts from 0 and is the restart count: the attempt that `now` tells of. */
  readonly attempt: number
  readonly now: ContainerNow
  /** How the attempt before ended. */
  readonly last?: Ended | undefined
  /** Ids of earlier attempts of which something is still there. */
  readonly leftover?: readonly string[] | undefined
  /** The image in the words of the spec, once it is here. */
  readonly image?: ImageRecord | undefined
  /** Why there is no next attempt yet: an image or a configuration that cannot be had. */
  readonly problem?: ContainerProblem | undefined
  readonly backoff?: Backoff | undefined
  /** The wait before the next attempt that people have been told of. */
  readonly waiting?: { readonly untilMs: number; readonly delayMs: number } | undefined
  readonly user?: ContainerIdentity | undefined
  /** The resources it runs with. */
  readonly applied?: ResourceRequirements | undefined
  /** By probes, of the attempt that runs. */
  readonly started: boolean
  readonly ready: boolean
  readonly stop?: ContainerStop | undefined
}

export type ContainerNow =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'running'; readonly id: string; readonly startedMs: number; readonly hook: 'none' | 'due' | 'running' | 'done' | 'failed' }
  | { readonly kind: 'exited'; readonly ended: Ended; readonly deleted: boolean }

/** How one attempt ended. */
export interface Ended {
  readonly id: string
  readonly exitCode: number
  readonly signal?: number | undefined
  readonly reason: string
  readonly message?: string | undefined
  /** 0: it was never started. */
  readonly startedMs: number
  readonly finishedMs: number
  /** The agent stopped it, because a probe failed. */
  readonly byProbe?: boolean | undefined
  /** Why the kernel killed in it. */
  readonly outOfMemory?: string | undefined
  /** When is not told. */
  readonly isTimeless?: boolean | undefined
}

export interface ImageRecord {
  readonly reference: string
  /** Told as `imageID`: the first digest it has, else its config's. */
  readonly id: string
  /** Told as `image`. */
  readonly name: string
  /** The attempt it was looked for, and whether it was pulled for that one: under the policy Always each attempt asks anew. */
  readonly attempt?: number | undefined
  readonly pulled?: boolean | undefined
  /** Of its config: what the store finds it by. */
  readonly configId: string
  readonly stopSignal: string
}

export interface ContainerProblem {
  /** The image that cannot be had, where it is that of a volume and not the container's own. */
  readonly volumeImage?: string | undefined
  /** `ErrImagePull`, `CreateContainerConfigError`, …: the waiting reason. */
  readonly reason: string
  readonly message: string
  readonly failures: number
  readonly sinceMs: number
  readonly retryAtMs: number
  /** Image problems are tried again by looking for the image, others by making the container. */
  readonly of: 'image' | 'container'
}

export interface Backoff {
  readonly delayMs: number
  readonly updatedMs: number
}

export interface ContainerStop {
  readonly why: 'pod' | 'probe' | 'hook' | 'changed' | 'all'
  readonly sinceMs: number
  readonly graceMs: number
  readonly stage: 'begin' | 'hook' | 'term' | 'signalled' | 'killed'
  /** When it was signalled, and whether a hook ran before. */
  readonly signalledMs?: number | undefined
  readonly hooked?: boolean | undefined
}

export type ContainerKind = 'init' | 'sidecar' | 'main' | 'ephemeral'

export interface PodContainer {
  readonly kind: ContainerKind
  readonly spec: Container
  readonly target?: string | undefined
}

/** All containers of a pod in the order in which they start. */
export function containersOf(pod: Pod): readonly PodContainer[] {
  const init = (pod.spec?.initContainers ?? []).map((spec): PodContainer => ({ kind: spec.restartPolicy === 'Always' ? 'sidecar' : 'init', spec }))
  const main = (pod.spec?.containers ?? []).map((spec): PodContainer => ({ kind: 'main', spec }))
  const ephemeral = (pod.spec?.ephemeralContainers ?? []).map((spec): PodContainer => ({ kind: 'ephemeral', spec, target: spec.targetContainerName }))
  return [...init, ...main, ...ephemeral]
}

/** Ids of attempts that have ended and are still to be deleted. */
export const undeleted = ({ now, leftover = [] }: ContainerRecord): readonly string[] => (now.kind === 'exited' && !now.deleted && now.ended.id !== '' ? [...leftover, now.ended.id] : leftover)

/** Its volumes or its network could not be had yet: nothing else can be said of its containers, nor done for them. */
export const awaitsPlace = ({ sandbox, volumes }: PodRecord): boolean => sandbox.kind === 'failed' || volumes.kind === 'waiting'

const freshContainer: ContainerRecord = { attempt: 0, now: { kind: 'waiting' }, started: false, ready: false }

/** A container's record; one that was never touched is new. */
export const containerRecord = (record: PodRecord, name: string): ContainerRecord => record.containers[name] ?? freshContainer

/** The record of a pod this node sees for the first time. */
export const newRecord = (nowMs: number): PodRecord => ({ firstSeenMs: nowMs, sandbox: { kind: 'none' }, volumes: { kind: 'none' }, containers: {}, initialized: false, cleaned: false, timeline: {} })

export const withContainer = (record: PodRecord, name: string, change: Partial<ContainerRecord>): PodRecord => ({
  ...record,
  containers: { ...record.containers, [name]: { ...containerRecord(record, name), ...change } },
})

/** Notes when something happened for the first time. */
export const withMoment = (record: PodRecord, moment: keyof Timeline, nowMs: number): PodRecord =>
  record.timeline[moment] === undefined ? { ...record, timeline: { ...record.timeline, [moment]: nowMs - record.firstSeenMs } } : record

export const isRunning = (container: ContainerRecord): boolean => container.now.kind === 'running'

/** The id of an attempt: found again without a note, because it is made of what is known anyway (64 hex digits; the first 32 are the pod's uid). */
export const containerId = (podUid: string, name: string, attempt: number): string => idBeginning(podUid, name) + attempt.toString(16).padStart(16, '0')

const idBeginning = (podUid: string, name: string): string => podUidHex(podUid) + hash32(name, 0x811c9dc5) + hash32(name, 0x01000193)

/** Which attempts of a container these ids tell of, from the first to the last. */
export function attemptsAmong(ids: readonly string[], podUid: string, name: string): readonly number[] {
  const beginning = idBeginning(podUid, name)
  return ids.filter((id) => id.startsWith(beginning)).map((id) => Number.parseInt(id.slice(beginning.length), 16)).toSorted((a, b) => a - b)
}

/** A pod's uid as it begins the ids of its containers. */
export const podUidHex = (podUid: string): string => {
  const hex = podUid.replaceAll('-', '').toLowerCase()
  return /^[0-9a-f]{32}$/.test(hex) ? hex : hash32(podUid, 1) + hash32(podUid, 2) + hash32(podUid, 3) + hash32(podUid, 4)
}

/** FNV-1a, 32 bits, as 8 hex digits. */
function hash32(text: string, seed: number): string {
  let hash = seed >>> 0
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0
  return hash.toString(16).padStart(8, '0')
}
