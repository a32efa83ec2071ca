/** Pods for tests, and what is done with them: one container, named `c`, ends within a second of being told. */
import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { layoutOf } from '../../deploy/lab/layout.ts'
import { slowness } from '../../deploy/lab/patience.ts'
import type { Container, ContainerStatus, Event, Pod, PodSpec } from '../../shared/model/gen/api.ts'
import { isRunning, type TestLab } from './harness.ts'

export const BUSYBOX = 'busybox:1.35'
const PODS = '/api/v1/namespaces/default/pods'

export interface Trial {
  readonly container?: Partial<Container>
  readonly spec?: Partial<PodSpec>
  readonly labels?: Readonly<Record<string, string>>
}

/** A pod whose one container runs a script. */
export const trialPod = (name: string, script: string, { container, spec, labels }: Trial = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { trial: name, ...labels } },
  spec: { terminationGracePeriodSeconds: 1, ...spec, containers: [{ name: 'c', image: BUSYBOX, command: ['sh', '-c', script], ...container }] },
})

export const create = (cluster: TestLab, pod: Pod): Promise<Pod> => cluster.send<Pod>('POST', PODS, pod)

/** The pod, as soon as it is as asked for. */
export async function podWhen(cluster: TestLab, name: string, holds: (pod: Pod) => boolean, timeoutMs?: number): Promise<Pod> {
  const [pod] = await cluster.until<Pod>(`${PODS}?labelSelector=trial%3D${name}`, (pods) => pods[0] !== undefined && holds(pods[0]), timeoutMs)
  if (pod === undefined) throw new Error(`no pod ${name}`)
  return pod
}

/** Makes a pod and waits until it runs and is ready. */
export async function running(cluster: TestLab, pod: Pod): Promise<Pod> {
  await create(cluster, pod)
  return podWhen(cluster, pod.metadata.name ?? '', isRunning)
}

export const containerOf = (pod: Pod): ContainerStatus => {
  const [status] = pod.status?.containerStatuses ?? []
  if (status === undefined) throw new Error(`pod ${pod.metadata.name ?? ''} has no container status`)
  return status
}

/** Deletes it and waits until it is gone. Answers how long that took, ms. */
export async function remove(cluster: TestLab, name: string, graceSeconds?: number): Promise<number> {
  const beganAt = performance.now()
  await cluster.send('DELETE', `${PODS}/${name}${graceSeconds === undefined ? '' : `?gracePeriodSeconds=${graceSeconds}`}`)
  await cluster.until<Pod>(`${PODS}?labelSelector=trial%3D${name}`, (pods) => pods.length === 0)
  return performance.now() - beganAt
}

/** Runs a script in the container; throws when it fails. */
export async function inside(cluster: TestLab, name: string, script: string): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.kubectl(['exec', name, '--', 'sh', '-c', script])
  if (exitCode !== 0) throw new Error(`exec in ${name}: ${exitCode} ${stderr}`)
  return stdout
}

export const logOf = async (cluster: TestLab, name: string, ...flags: readonly string[]): Promise<string> => (await cluster.kubectl(['logs', name, ...flags])).stdout

/** Resolves when an event of the pod has this reason and (part of) this message. */
export async function told(cluster: TestLab, name: string, { reason, message }: { readonly reason: string; readonly message: string }): Promise<void> {
  await cluster.until<Event>(`/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3D${name}`, (events) => events.some((one) => one.reason === reason && one.message?.includes(message) === true))
}

/** Asks until the answer is as wanted, or throws with the last one. */
export async function eventually<T>(ask: () => Promise<T> | T, holds: (answer: T) => boolean, timeoutMs = 60_000): Promise<T> {
  const until = performance.now() + timeoutMs * slowness
  for (;;) {
    const answer = await ask()
    if (holds(answer)) return answer
    if (performance.now() > until) throw new Error(`not reached in ${(timeoutMs * slowness) / 1000} s: ${JSON.stringify(answer)}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** What a node's host holds of pods: empty when there is none. The agent's own pid is needed to see its mounts. */
export async function tracesOn(cluster: TestLab, node: string, agentPid: number): Promise<readonly string[]> {
  const layout = layoutOf(cluster.spec)
  const state = layout.memberState(node)
  const run = layout.memberRun(node)
  const folders = [`${run}/checkpoints`, `${run}/network`, `${run}/runtime/bundles`, `${run}/runtime/exits`, `${run}/runtime/oci`, `${state}/logs`, `${state}/snapshots`, `${state}/pods`, `${state}/pods/.memory`]
  const names = folders.flatMap((folder) => (existsSync(folder) ? readdirSync(folder).filter((name) => name !== '.memory' && name !== '.empty').map((name) => `${folder}/${name}`) : []))
  const mounts = readFileSync(`/proc/${agentPid}/mountinfo`, 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((target) => (target.startsWith(state) || target.startsWith(run)) && target !== `${state}/pods/.memory`)
  const groups = ['', 'memory/', 'pids/', 'cpu/', 'unified/'].flatMap((controller) => {
    const folder = `/sys/fs/cgroup/${controller}${layout.memberCgroup(node)}/pods`
    return existsSync(folder) ? readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map((entry) => `${folder}/${entry.name}`) : []
  })
  const processes = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(`${run}/runtime/`)).map((pid) => `process ${commandOf(pid)}`)
  const links = (await linksIn(layout.netnsPath(node))).filter((name) => name.startsWith('gt') && name.includes('@')).map((name) => `link ${name}`)
  return [...names, ...mounts, ...groups, ...processes, ...links]
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

const linksIn = (netns: string): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    execFile('nsenter', [`--net=${netns}`, 'ip', '-o', 'link'], (error, stdout) => (error ? reject(error) : resolve(stdout.split('\n').map((line) => line.split(': ')[1] ?? ''))))
  })
