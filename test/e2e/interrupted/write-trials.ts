/** Commands that write many objects, killed between two of them and run again. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { gantry, type CommandOptions, type Ended } from './command.ts'
import type { TestLab } from '../harness.ts'
import type { ConfigMap, Deployment, Service } from '../../../shared/model/gen/api.ts'

export const NAMESPACE = 'many'
const COUNT = { maps: 44, services: 10, deployments: 6 } as const
export const DOCUMENTS = COUNT.maps + COUNT.services + COUNT.deployments

const times = (count: number, document: (at: number) => object): readonly object[] => Array.from({ length: count }, (_, at) => document(at))
const metadata = (name: string): object => ({ name, namespace: NAMESPACE })

const documents = (): readonly object[] => [
  ...times(COUNT.maps, (at) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata(`map-${at}`), data: { at: String(at) } })),
  ...times(COUNT.services, (at) => ({ apiVersion: 'v1', kind: 'Service', metadata: metadata(`service-${at}`), spec: { selector: { app: `d${at}` }, ports: [{ port: 80 }] } })),
  ...times(COUNT.deployments, (at) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(`deployment-${at}`),
    spec: { replicas: 0, selector: { matchLabels: { app: `d${at}` } }, template: { metadata: { labels: { app: `d${at}` } }, spec: { containers: [{ name: 'c', image: 'docker.io/library/busybox:1.35', command: ['sleep', '1000'] }] } } },
  })),
]

/** The file with all documents. */
export function writeDocuments(folder: string): string {
  const file = join(folder, 'many.yaml')
  writeFileSync(file, documents().map((one) => JSON.stringify(one)).join('\n---\n'))
  return file
}

export type Said = (words: readonly string[], options?: CommandOptions) => Promise<Ended>
export const saidTo = ({ kubeconfig }: TestLab, folder: string): Said => (words, options) => gantry(['--kubeconfig', kubeconfig, '--cache-dir', join(folder, 'cache'), ...words], options)

const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '')
const pathOf = (group: string, plural: string): string => `/${group === '' ? 'api' : `apis/${group}`}/v1/namespaces/${NAMESPACE}/${plural}`

interface Stored {
  readonly maps: readonly ConfigMap[]
  readonly services: readonly Service[]
  readonly deployments: readonly Deployment[]
}

async function stored(cluster: TestLab): Promise<Stored> {
  const items = async <T>(path: string): Promise<readonly T[]> => (await cluster.get<{ readonly items: readonly T[] }>(path)).items
  const [maps, services, deployments] = await Promise.all([items<ConfigMap>(pathOf('', 'configmaps')), items<Service>(pathOf('', 'services')), items<Deployment>(pathOf('apps', 'deployments'))])
  // Every namespace has the cluster's authority.
  return { maps: maps.filter(({ metadata: { name } }) => name?.startsWith('map-')), services, deployments }
}

/** What the first run said it had made is unchanged to the second, and nothing is there twice or missing. */
export async function applyDies(cluster: TestLab, { said, file, atLine }: { readonly said: Said; readonly file: string; readonly atLine: number }): Promise<void> {
  const first = await said(['apply', '-f', file], { killAtLine: atLine })
  expect(first.exitCode).toBeUndefined()
  const told = lines(first.stdout)
  expect(told.length).toBeGreaterThanOrEqual(atLine)
  const second = await said(['apply', '-f', file])
  expect(second.exitCode, second.stderr).toBe(0)
  const after = lines(second.stdout)
  expect(after).toHaveLength(DOCUMENTS)
  expect(after.slice(0, told.length)).toEqual(told.map((line) => line.replace(/ (created|unchanged)$/, ' unchanged')))
  // Of what was under way nobody was told.
  expect(after.slice(told.length + 1).filter((line) => !/ (created|unchanged)$/.test(line))).toEqual([])
  const { maps, services, deployments } = await stored(cluster)
  expect([maps.length, services.length, deployments.length]).toEqual([COUNT.maps, COUNT.services, COUNT.deployments])
  expect(deployments.map(({ metadata: { generation } }) => generation)).toEqual(deployments.map(() => 1))
  const third = await said(['apply', '-f', file])
  expect(lines(third.stdout).filter((line) => !line.endsWith(' unchanged'))).toEqual([])
}

/** Scaled once more they are all at that number, and no generation says that anything was done twice. */
export async function scaleDies(cluster: TestLab, { said, replicas, atLine }: { readonly said: Said; readonly replicas: number; readonly atLine: number }): Promise<void> {
  const words = ['scale', 'deployment', '--all', `--replicas=${replicas}`, '-n', NAMESPACE]
  const before = new Map((await stored(cluster)).deployments.map((one) => [one.metadata.name, one.metadata.generation ?? 0]))
  await said(words, { killAtLine: atLine })
  const again = await said(words)
  expect(again.exitCode, again.stderr).toBe(0)
  expect(lines(again.stdout)).toHaveLength(COUNT.deployments)
  const { deployments } = await stored(cluster)
  expect(deployments.map(({ spec }) => spec?.replicas)).toEqual(deployments.map(() => replicas))
  expect(deployments.map(({ metadata: { name, generation = 0 } }) => generation - (before.get(name) ?? 0))).toEqual(deployments.map(() => 1))
}

const RESTARTED = 'kubectl.kubernetes.io/restartedAt'

export async function restartDies(cluster: TestLab, { said, atLine }: { readonly said: Said; readonly atLine: number }): Promise<void> {
  const words = ['rollout', 'restart', 'deployment', '-n', NAMESPACE]
  await said(words, { killAtLine: atLine })
  // Within the second the time would be the same, and nothing restarted.
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  const again = await said(words)
  expect(again.exitCode, again.stderr).toBe(0)
  expect(lines(again.stdout)).toHaveLength(COUNT.deployments)
  const { deployments } = await stored(cluster)
  expect(deployments.filter(({ spec }) => spec?.template?.metadata?.annotations?.[RESTARTED] === undefined).map(({ metadata: { name } }) => name)).toEqual([])
}

/** What is gone already is no more: the second run says so of each and fails, as `kubectl` does, unless it is told to take that for deleted. */
export async function deleteDies(cluster: TestLab, { said, file, atLine }: { readonly said: Said; readonly file: string; readonly atLine: number }): Promise<void> {
  const first = await said(['delete', '-f', file], { killAtLine: atLine })
  expect(first.exitCode).toBeUndefined()
  const second = await said(['delete', '-f', file])
  expect(second.exitCode).toBe(1)
  expect(lines(second.stderr).filter((line) => !/\(NotFound\)/.test(line))).toEqual([])
  const third = await said(['delete', '-f', file, '--ignore-not-found'])
  expect([third.exitCode, third.stdout, third.stderr]).toEqual([0, '', ''])
  const { maps, services, deployments } = await stored(cluster)
  expect([maps, services, deployments]).toEqual([[], [], []])
}
