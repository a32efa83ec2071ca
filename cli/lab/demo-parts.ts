/** What the demo asks of the cluster. */
import { connect } from '../cluster/open.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { watch } from '../cluster/watch.ts'
import { mergeFiles } from '../config/kubeconfig.ts'
import { targetOf } from '../config/target.ts'
import { columnsOf } from '../print/columns.ts'
import { headerOf, rowOf, type ServerTable, type TableStyle } from '../print/table.ts'
import type { Call } from '../program/command.ts'
import type { Flags } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'

const NO_FLAGS: Flags = { text: () => undefined, list: () => [], is: () => false, given: () => false, knows: () => false }

/** The cluster of a kubeconfig's text, whatever the person's own says. */
export async function clusterOf({ terminal, env }: Call, kubeconfig: string): Promise<Cluster> {
  const { readWholeYaml } = await import('../config/whole-yaml.ts')
  const config = mergeFiles([{ content: readWholeYaml(kubeconfig) as Record<string, unknown>, folder: '/' }])
  return connect(targetOf(config, NO_FLAGS, {}), { flags: NO_FLAGS, env, terminal })
}

const WIDE: TableStyle = { wide: true, noHeaders: false, withNamespace: false, showLabels: false, labelColumns: [] }
/** Columns that say nothing here. */
const DULL = new Set(['NOMINATED NODE', 'READINESS GATES', 'EXTERNAL-IP'])

export async function printTable(cluster: Cluster, path: string): Promise<string> {
  const table = await cluster.json<ServerTable>({ path, headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } })
  const header = headerOf(table, WIDE)
  const kept = (row: readonly string[]): readonly string[] => row.filter((_, at) => !DULL.has(header[at] ?? ''))
  return columnsOf(kept(header), (table.rows ?? []).map((row) => kept(rowOf(row, table, WIDE))))
}

interface Pod {
  readonly metadata: { readonly name: string; readonly resourceVersion: string; readonly deletionTimestamp?: string }
  readonly status?: { readonly conditions?: ReadonlyArray<{ readonly type: string; readonly status: string }>; readonly containerStatuses?: ReadonlyArray<{ readonly state?: { readonly waiting?: { readonly reason?: string; readonly message?: string } } }> }
}

export interface Seen {
  readonly name: string
  readonly isReady: boolean
}

interface On {
  readonly path: string
  readonly labelSelector: string
  readonly signal: AbortSignal
}

/** Watches pods until enough is reached. @throws Problem saying what the pods wait for when the signal ends it */
export async function stageOn(cluster: Cluster, { path, labelSelector, signal }: On, isEnough: (pods: readonly Seen[]) => boolean): Promise<void> {
  const query = { labelSelector }
  const list = await cluster.json<{ readonly items: readonly Pod[]; readonly metadata: { readonly resourceVersion: string } }>({ path, query })
  const pods = new Map(list.items.map((pod) => [pod.metadata.name, pod]))
  const seen = (): readonly Seen[] => [...pods.values()].map((pod) => ({ name: pod.metadata.name, isReady: pod.metadata.deletionTimestamp === undefined && (pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false) }))
  if (isEnough(seen())) return
  for await (const { type, object } of watch<Pod>(cluster, { path, query, resourceVersion: list.metadata.resourceVersion, signal })) {
    if (type === 'DELETED') pods.delete(object.metadata.name)
    else pods.set(object.metadata.name, object)
    if (isEnough(seen())) return
  }
  const waiting = [...pods.values()].flatMap(({ metadata, status }) => (status?.containerStatuses ?? []).flatMap(({ state }) => (state?.waiting ? [`${metadata.name}: ${state.waiting.reason ?? ''} ${state.waiting.message ?? ''}`] : [])))
  throw new Problem(`the pods did not become ready in time${waiting.length > 0 ? `:\n${waiting.join('\n')}` : ': see "gantry describe pods -l app=hello"'}`)
}
