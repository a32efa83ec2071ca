/** What tests of nodes share: pods that note their lives, waits for what is told of nodes and pods, and what the machines say. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { expect } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf, type LabSpec } from '../../deploy/lab/layout.ts'
import type { Event, Node, Pod } from '../../shared/model/gen/api.ts'
import { processesWith, programsIn } from '../bench/processes.ts'
import { isRunning, isWell, readyOf, run, type TestLab } from './harness.ts'
import type { Lives } from './lives.ts'

export const PODS = '/api/v1/namespaces/default/pods'
export const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service'

export const isGivenUp = (node: Node): boolean => readyOf(node)?.status === 'Unknown' && node.spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) === true
export const restartsOf = (one: Pod): number => one.status?.containerStatuses?.[0]?.restartCount ?? -1
/** Events that tell of a node in trouble, among what {@link nodeTrials} `toldOf` answers. */
export const TROUBLE = /^(NodeFenced|NodeNotReady|NodeSilent|NodeRebooted|PodsStopped)/m
export const on = (node: string): object => ({ nodeSelector: { 'kubernetes.io/hostname': node } })

/** For one lab and the lives of one test, which are there when a test runs. */
export function nodeTrials(cluster: () => TestLab, lives: () => Lives) {
  /** `REASON MESSAGE` of what was told about a node since a moment. */
  async function toldOf(node: string, sinceMs: number): Promise<readonly string[]> {
    const { items } = await cluster().get<{ items: readonly Event[] }>(`/api/v1/events?fieldSelector=involvedObject.kind%3DNode,involvedObject.name%3D${node}`)
    return items.filter(({ lastTimestamp }) => Date.parse(lastTimestamp ?? '') >= Math.floor(sinceMs / 1_000) * 1_000).map(({ reason, message }) => `${reason} ${message}`)
  }
  const logOf = async (machine: string): Promise<string> => (await lab.logs(cluster().name, machine)).text
  return {
    nodesAre: (holds: (all: readonly Node[]) => boolean): Promise<readonly Node[]> => cluster().until<Node>('/api/v1/nodes', (all) => all.every(isWell) && holds(all)),
    untilNode: async (name: string, holds: (node: Node) => boolean): Promise<Node> => (await cluster().until<Node>(`/api/v1/nodes?fieldSelector=metadata.name%3D${name}`, ([node]) => node !== undefined && holds(node)))[0] as Node,
    pod: (name: string, more: object): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name } }, spec: lives().spec(more) }),
    create: (object: object): Promise<Pod> => cluster().send('POST', PODS, object),
    untilPod: async (name: string, holds: (pod: Pod) => boolean = isRunning): Promise<Pod> => (await cluster().until<Pod>(`${PODS}?fieldSelector=metadata.name%3D${name}`, ([one]) => one !== undefined && holds(one)))[0] as Pod,
    untilGone: (name: string): Promise<unknown> => cluster().until<Pod>(`${PODS}?fieldSelector=metadata.name%3D${name}`, ([one]) => one === undefined),
    remove: async (...names: readonly string[]): Promise<void> => {
      await Promise.all(names.map((name) => cluster().kubectl(['delete', 'pod', name, '--ignore-not-found', '--timeout=20s'])))
    },
    toldOf,
    untilTold: (node: string, sinceMs: number, what: RegExp): Promise<void> => expect.poll(async () => (await toldOf(node, sinceMs)).join('\n'), { timeout: 60_000, interval: 100 }).toMatch(what),
    /** Containers of pods on a machine. */
    containersOn: (machine: string): Promise<readonly number[]> => programsIn(`${layoutOf(cluster().spec).memberCgroup(machine)}/pods`, 'sh'),
    /** What a machine's agent says from now on. */
    async listenTo(machine: string): Promise<() => Promise<string>> {
      const before = (await logOf(machine)).length
      return async () => (await logOf(machine)).slice(before)
    },
  }
}

export async function labTracesOf({ name, number }: LabSpec): Promise<readonly string[]> {
  const [mounts, namespaces, links, tables, groups] = await Promise.all([
    readFile('/proc/self/mountinfo', 'utf8'),
    readdir('/run/netns').catch(() => []),
    readdir('/sys/class/net'),
    run('nft', ['list', 'tables']),
    run('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*gantry/${name}*`]),
  ])
  const processes = await processesWith(`/labs/${name}/`)
  return [
    ...mounts.split('\n').filter((line) => line.includes(`/labs/${name}/`)),
    ...namespaces.filter((one) => one.startsWith(`gantry-${name}-`)),
    ...links.filter((one) => new RegExp(`^gt(lab)?${number}(?!\\d)`).test(one)),
    ...tables.stdout.split('\n').filter((line) => line.endsWith(` gantry_lab${number}`)),
    ...groups.stdout.split('\n').filter((line) => line !== ''),
    ...processes.map((pid) => `process ${pid}`),
    ...[`/run/gantry/labs/${name}`, `/var/lib/gantry/labs/${name}`].filter((path) => existsSync(path)),
  ]
}
