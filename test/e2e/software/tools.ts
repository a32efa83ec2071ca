/** Hands for the tests of real software: manifests are applied by kubectl, as people do it. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { processesOf } from '../../../deploy/lab/cgroups.ts'
import { layoutOf } from '../../../deploy/lab/layout.ts'
import type { ContainerStatus, Deployment, Pod, Service } from '../../../shared/model/gen/api.ts'
import { isRunning, run, type TestLab } from '../harness.ts'
import { imageOf, softwareArchive, type Software } from './images.ts'

const GANTRY = join(import.meta.dirname, '../../../gantry')

/** Brings the image to the nodes with the command that people use. */
export async function importSoftware(cluster: TestLab, software: Software): Promise<string> {
  const { exitCode, stderr } = await run(GANTRY, ['--kubeconfig', cluster.kubeconfig, 'image', 'import', softwareArchive(software)], { timeoutMs: 120_000 })
  expect(exitCode, stderr).toBe(0)
  return imageOf(software)
}

/** Takes them away again: they are large, and the store is the host's. */
export async function removeSoftware(cluster: TestLab, all: readonly Software[]): Promise<void> {
  await run(GANTRY, ['--kubeconfig', cluster.kubeconfig, 'image', 'rm', ...all.map(imageOf)])
}

export async function apply(cluster: TestLab, ...objects: readonly object[]): Promise<void> {
  const { exitCode, stderr } = await cluster.kubectl(['apply', '-f', '-'], { stdin: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) })
  expect(exitCode, stderr).toBe(0)
}

export const podsPath = (app: string): string => `/api/v1/namespaces/default/pods?labelSelector=app%3D${app}`

/** The only pod of the application, as soon as it is as asked for. */
export async function podOf(cluster: TestLab, app: string, holds: (pod: Pod) => boolean = isRunning): Promise<Pod> {
  const [pod] = await cluster.until<Pod>(podsPath(app), (pods) => pods.length === 1 && pods.every(holds), 90_000)
  if (pod === undefined) throw new Error(`no pod of ${app}`)
  return pod
}

export const nameOf = (pod: Pod): string => pod.metadata.name ?? ''

export const mainStatus = (pod: Pod): ContainerStatus => {
  const [status] = pod.status?.containerStatuses ?? []
  if (status === undefined) throw new Error(`pod ${nameOf(pod)} has no container status`)
  return status
}

/** Runs a command in the container; throws when it fails. */
export async function inside(cluster: TestLab, pod: Pod, ...command: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.kubectl(['exec', nameOf(pod), '--', ...command])
  if (exitCode !== 0) throw new Error(`${command.join(' ')} in ${nameOf(pod)}: ${exitCode} ${stderr}${stdout}`)
  return stdout
}

interface FollowedLog {
  /** The whole of it. */
  readonly ended: Promise<string>
  /** Resolves when it holds the text, or has ended. */
  said(text: string): Promise<void>
}

/** Follows the log of the pod until its end, which comes when the pod goes. */
function followLog(cluster: TestLab, pod: Pod): FollowedLog {
  const child = spawn('kubectl', ['--kubeconfig', cluster.kubeconfig, 'logs', '--follow', nameOf(pod)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let log = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (log += part))
  const ended = new Promise<string>((resolve) => child.once('close', () => resolve(log)))
  return {
    ended,
    async said(text) {
      const isSaid = new Promise<void>((resolve) => {
        const look = (): void => void (log.includes(text) && resolve())
        child.stdout.on('data', look)
        look()
      })
      await Promise.race([isSaid, ended])
    },
  }
}

/** Deletes the pod, whose log has begun with a line already, and answers what it said to its very end. @param meanwhile done right before */
export async function stopped(cluster: TestLab, pod: Pod, meanwhile: (log: FollowedLog) => Promise<void> = () => Promise.resolve()): Promise<string> {
  return lastWords(cluster, pod, async (log) => {
    await meanwhile(log)
    await done(cluster, ['delete', 'pod', nameOf(pod), '--wait=true'])
  })
}

/**
 * Replaces the one pod of a Deployment by scaling to nothing and back, and answers the log of the one that went. Where both have the same folder: that of a pod
 * which is merely deleted starts while it stops.
 */
export async function replaced(cluster: TestLab, deployment: string, pod: Pod): Promise<string> {
  const log = await lastWords(cluster, pod, async () => {
    await done(cluster, ['scale', `deployment/${deployment}`, '--replicas=0'])
    await done(cluster, ['wait', '--for=delete', `pod/${nameOf(pod)}`, '--timeout=120s'])
  })
  await done(cluster, ['scale', `deployment/${deployment}`, '--replicas=1'])
  return log
}

async function lastWords(cluster: TestLab, pod: Pod, stop: (log: FollowedLog) => Promise<void>): Promise<string> {
  const log = followLog(cluster, pod)
  await log.said('\n')
  await stop(log)
  return log.ended
}

async function done(cluster: TestLab, words: readonly string[]): Promise<void> {
  const { exitCode, stderr } = await cluster.kubectl([...words], { timeoutMs: 150_000 })
  expect(exitCode, stderr).toBe(0)
}

/** The first process of the pod's container, from outside, by a word of its command line. */
export async function processOf(cluster: TestLab, pod: Pod, word: string): Promise<number> {
  const pids = await processesOf(`${layoutOf(cluster.spec).memberCgroup(pod.spec?.nodeName ?? '')}/pods`)
  const uid = pod.metadata.uid ?? ''
  const found = pids.filter((pid) => textOf(`/proc/${pid}/cgroup`).includes(uid) && textOf(`/proc/${pid}/cmdline`).includes(word) && isFirst(pid))
  const [first] = found
  if (first === undefined) throw new Error(`no process ${word} of ${nameOf(pod)} among ${pids.length}`)
  return first
}

/** Pid 1 of a namespace of its own. */
const isFirst = (pid: number): boolean => /^NSpid:.*\s1$/m.test(textOf(`/proc/${pid}/status`))

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** What the Service answers on its ClusterIP, called from a machine of the lab. */
export async function ask(cluster: TestLab, app: string, path = '/'): Promise<string> {
  const { exitCode, stdout, stderr } = await fromMachine(cluster, 'n1', ['curl', '--silent', '--show-error', '--fail', '--max-time', '20', `http://${await addressOf(cluster, app)}${path}`])
  if (exitCode !== 0) throw new Error(`${app}${path}: ${stderr}`)
  return stdout
}

export async function addressOf(cluster: TestLab, app: string): Promise<string> {
  const { spec } = await cluster.get<Service>(`/api/v1/namespaces/default/services/${app}`)
  return `${spec?.clusterIP}:${spec?.ports?.[0]?.port}`
}

export const fromMachine = (cluster: TestLab, machine: string, command: readonly string[], stdin = ''): ReturnType<typeof run> => run('nsenter', [`--net=${layoutOf(cluster.spec).netnsPath(machine)}`, ...command], { stdin })

export const service = (app: string, port: number, targetPort: number | string): object => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: app }, spec: { selector: { app }, ports: [{ port, targetPort }] } })

export const deployment = (app: string, spec: { readonly replicas?: number; readonly strategy?: object; readonly template: object }): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: app },
  spec: { replicas: spec.replicas ?? 1, selector: { matchLabels: { app } }, ...(spec.strategy && { strategy: spec.strategy }), template: { metadata: { labels: { app } }, spec: spec.template } },
})

/** Every replica is there, of the newest template, and no other. */
export const rolledOut = (cluster: TestLab, app: string): Promise<unknown> =>
  cluster.until<Deployment>(`/apis/apps/v1/namespaces/default/deployments?fieldSelector=metadata.name%3D${app}`, ([one]) => {
    const { metadata, spec, status } = one ?? {}
    return status?.observedGeneration === metadata?.generation && status?.updatedReplicas === spec?.replicas && status?.availableReplicas === spec?.replicas && status?.replicas === spec?.replicas
  }, 120_000)
