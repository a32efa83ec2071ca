/** Pods for a node of this host, and what they say. */
import { expect } from 'vitest'
import type { OpenStream, StreamFrame } from '../../proto/gen/node/v1/session.ts'
import { channel } from '../../shared/kit/channel.ts'
import { newUid } from '../../shared/kit/ids.ts'
import { systemRandom } from '../../shared/kit/random.ts'
import type { Container, Pod, PodSpec, PodStatus } from '../../shared/model/gen/api.ts'
import type { Node } from './pod-node.ts'

export function podOf(name: string, spec: Partial<PodSpec>): Pod {
  return { metadata: { name, namespace: 'ns', uid: newUid(systemRandom), generation: 1 }, spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 1, ...spec, containers: spec.containers ?? [] }, status: { qosClass: 'BestEffort' } }
}
export const shell = (name: string, script: string, more: Partial<Container> = {}): Container => ({ name, image: 'busybox:1.35', command: ['sh', '-c', script], ...more })

export const statusOn = (node: Node, pod: Pod): PodStatus => node.reports.findLast((one) => one.pod.metadata.uid === pod.metadata.uid)?.status ?? {}
export const isReadyOn = (node: Node, pod: Pod): boolean => statusOn(node, pod).conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true

export interface Streamed {
  readonly stdout: string
  readonly stderr: string
  /** The last frame's; undefined: success. */
  readonly status: { readonly message?: string; readonly details?: { readonly causes?: ReadonlyArray<{ readonly message?: string }> } } | undefined
}

/** Opens a stream and answers what came. */
export async function streamOn(node: Node, request: OpenStream['request'], input: readonly string[] = []): Promise<Streamed> {
  const incoming = channel<StreamFrame>()
  for (const text of input) incoming.push({ frame: { $case: 'stdin', value: Buffer.from(text) } })
  if (input.length > 0) incoming.push({ frame: { $case: 'stdinClosed', value: true } })
  const frames: StreamFrame[] = []
  await node.workers.serveStream({ streamId: 's', request }, { send: (frame) => void frames.push(frame), incoming, close: () => {} })
  incoming.close()
  const textOf = (kind: 'stdout' | 'stderr'): string => Buffer.concat(frames.flatMap(({ frame }) => (frame?.$case === kind ? [frame.value] : []))).toString()
  const last = frames.at(-1)?.frame
  return { stdout: textOf('stdout'), stderr: textOf('stderr'), status: last?.$case === 'ended' && last.value.status.length > 0 ? JSON.parse(last.value.status.toString()) : undefined }
}
export const refOf = (pod: Pod): { readonly namespace: string; readonly name: string; readonly uid: string } => ({ namespace: 'ns', name: pod.metadata.name ?? '', uid: pod.metadata.uid ?? '' })
export const logsOn = async (node: Node, pod: Pod, { container = '', ...more }: { readonly container?: string } & Readonly<Record<string, unknown>> = {}): Promise<string> => (await streamOn(node, { $case: 'logs', value: { pod: refOf(pod), container, follow: false, previous: false, timestamps: false, sinceMs: 0, stream: 'All', ...more } })).stdout

/** What a container says until it has said so. */
export async function saidOn(node: Node, pod: Pod, last = 'up\n'): Promise<string> {
  let said = ''
  await expect.poll(async () => (said = await logsOn(node, pod)).endsWith(last), { timeout: 60_000, interval: 20 }).toBe(true)
  return said.slice(0, -last.length)
}
export const execOn = (node: Node, pod: Pod, command: readonly string[], input?: readonly string[]): Promise<Streamed> => streamOn(node, { $case: 'exec', value: { pod: refOf(pod), container: '', command, stdin: input !== undefined, stdout: true, stderr: true, tty: false } }, input)
