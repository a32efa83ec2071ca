import type { Pod } from '../../shared/model/gen/api.ts'
import { goDuration, goPreciseDuration } from './restart.ts'

/** An event as kubelet words it. */
export interface PodEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  readonly containerName?: string | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
}

const event =
  (type: PodEvent['type'], reason: string) =>
  (message: string, containerName?: string): PodEvent => ({ type, reason, message, ...(containerName === undefined ? {} : { containerName }) })

const normal = (reason: string): ((message: string, containerName?: string) => PodEvent) => event('Normal', reason)
const warning = (reason: string): ((message: string, containerName?: string) => PodEvent) => event('Warning', reason)

/** `p_ns(uid)`: a pod in kubelet's messages. */
export const podInWords = (pod: Pod): string => `${pod.metadata.name ?? ''}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid ?? ''})`

export const DEADLINE_MESSAGE = 'Pod was active on the node longer than the specified deadline'

/** What is told of an image names no container where it is the image of a volume. */
export const events = {
  pulled: (name: string | undefined, image: string) => normal('Pulled')(`Container image "${image}" already present on machine and can be accessed by the pod`, name),
  pulledNow: (name: string | undefined, image: string, { pullMs, totalMs, sizeBytes }: { readonly pullMs: number; readonly totalMs: number; readonly sizeBytes: number }) =>
    normal('Pulled')(`Successfully pulled image "${image}" in ${goPreciseDuration(pullMs)} (${goPreciseDuration(totalMs)} including waiting). Image size: ${sizeBytes} bytes.`, name),
  pullSecretsMissing: (names: readonly string[]) => warning('FailedToRetrieveImagePullSecret')(`Unable to retrieve some image pull secrets (${names.join(', ')}); attempting to pull the image may not succeed.`),
  created: (name: string) => normal('Created')('Container created', name),
  started: (name: string) => normal('Started')('Container started', name),
  startFailed: (name: string, message: string) => warning('Failed')(`Error: ${message}`, name),
  stopping: (name: string) => normal('Killing')(`Stopping container ${name}`, name),
  probeKills: (name: string, probe: 'liveness' | 'startup', restarted: boolean) => normal('Killing')(`Container ${name} failed ${probe} probe${restarted ? ', will be restarted' : ''}`, name),
  definitionChanged: (name: string) => normal('Killing')(`Container ${name} definition changed, will be restarted`, name),
  backOff: (pod: Pod, name: string) => warning('BackOff')(`Back-off restarting failed container ${name} in pod ${podInWords(pod)}`, name),
  pulling: (name: string | undefined, image: string) => normal('Pulling')(`Pulling image "${image}"`, name),
  pullFailed: (name: string | undefined, image: string, message: string) => warning('Failed')(`Failed to pull image "${image}": ${message}`, name),
  pullBackOff: (name: string | undefined, image: string) => normal('BackOff')(`Back-off pulling image "${image}"`, name),
  neverPull: (name: string | undefined, message: string) => warning('ErrImageNeverPull')(message, name),
  inspectFailed: (name: string | undefined, message: string) => warning('InspectFailed')(message, name),
  sandboxFailed: (message: string) => warning('FailedCreatePodSandBox')(`Failed to create pod sandbox: ${message}`),
  mountFailed: (message: string) => warning('FailedMount')(message),
  evicted: (message: string, annotations?: PodEvent['annotations']): PodEvent => ({ ...warning('Evicted')(message), ...(annotations && { annotations }) }),
  deadlineExceeded: () => normal('DeadlineExceeded')(DEADLINE_MESSAGE),
  rejected: (reason: string, message: string) => warning(reason)(message),
  unhealthy: (name: string, message: string) => warning('Unhealthy')(message, name),
  probeWarning: (name: string, message: string) => warning('ProbeWarning')(message, name),
  postStartFailed: (name: string) => warning('FailedPostStartHook')('PostStartHook failed', name),
  preStopFailed: (name: string) => warning('FailedPreStopHook')('PreStopHook failed', name),
  outOfMemory: (name: string, words: string) => warning('OOMKilled')(`Container ${name} was killed: ${words}`, name),
  outOfMemoryInside: (name: string, words: string) => warning('OOMKilled')(`A process in container ${name} was killed: ${words}`, name),
  resizeStarted: (words: string) => normal('ResizeStarted')(`Pod resize started: ${words}`),
  resizeCompleted: (words: string) => normal('ResizeCompleted')(`Pod resize completed: ${words}`),
  resizePending: (reason: 'Deferred' | 'Infeasible', words: string) => warning(`Resize${reason}`)(`Pod resize ${reason}: ${words}`),
  resizeFailed: (words: string) => warning('ResizeError')(`Pod resize error: ${words}`),
  resizeRestarts: (name: string) => normal('Killing')(`Container ${name} resize requires restart`, name),
  hookKills: (name: string) => normal('Killing')('FailedPostStartHook', name),
} as const

/** The waiting message of a container that backs off. */
export const crashLoopMessage = (pod: Pod, name: string, delayMs: number): string => `back-off ${goDuration(delayMs)} restarting failed container=${name} pod=${podInWords(pod)}`

/** The waiting message of an image that backs off, with what went wrong. */
export const pullBackOffMessage = (image: string, message: string): string => `Back-off pulling image "${image}": ErrImagePull: ${message}`

/**
 * A container that the runtime could not make, in its words. Where it is the command that cannot be run, all of it is as kubelet over containerd and runc tells it, for
 * that is what people and programs look for.
 */
export const createFailed = (message: string): string =>
  message.startsWith('exec: ') ? `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ${message}` : `failed to create container: OCI runtime create failed: ${message}`
