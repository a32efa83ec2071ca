/** The kinds of `metrics.k8s.io`: measured when they are asked for, never stored. PURE. */
import { addQuantities } from '../../shared/model/quantity.ts'
import type { KubeObject } from '../../shared/model/meta.ts'
import type { Json, JsonObject } from '../../shared/model/json.ts'
import { compileResource } from '../../shared/model/structural/compiled.ts'
import type { PropsSchema } from '../../shared/model/structural/schema.ts'
import type { KindDefinition, TableColumn } from '../registry/kind.ts'
import { defineKind, neverStored } from '../registry/typed-kind.ts'

export const METRICS = { group: 'metrics.k8s.io', version: 'v1beta1' } as const

/** Quantities by resource: `cpu`, `memory`. */
export interface Usage {
  readonly cpu: string
  readonly memory: string
}

interface Measured extends KubeObject {
  /** When the window ended. */
  readonly timestamp: string
  /** What usage is an average over, as Go writes it: `15.2s`. */
  readonly window: string
}

export interface NodeMetrics extends Measured {
  readonly usage: Usage
}

export interface PodMetrics extends Measured {
  readonly containers: ReadonlyArray<{ readonly name: string; readonly usage: Usage }>
}

const usage: PropsSchema = { description: 'The memory usage is the memory working set.', type: 'object', additionalProperties: { 'x-kubernetes-int-or-string': true } }
const time: Readonly<Record<string, PropsSchema>> = { timestamp: { description: 'The following fields define time interval from which metrics were collected from the interval [Timestamp-Window, Timestamp].', type: 'string', format: 'date-time' }, window: { type: 'string' } }

const nodeSchema: PropsSchema = { description: 'NodeMetrics sets resource usage metrics of a node.', type: 'object', required: ['timestamp', 'window', 'usage'], properties: { ...time, usage } }
const podSchema: PropsSchema = {
  description: 'PodMetrics sets resource usage metrics of a pod.',
  type: 'object',
  required: ['timestamp', 'window', 'containers'],
  properties: {
    ...time,
    containers: { description: 'Metrics for all containers are collected within the same time window.', type: 'array', items: { description: 'ContainerMetrics sets resource usage metrics of a container.', type: 'object', required: ['name', 'usage'], properties: { name: { description: 'Container name corresponding to the one from pod.spec.containers.', type: 'string' }, usage } } },
  },
}

const columns: readonly TableColumn[] = [
  { name: 'Name', type: 'string', format: 'name', description: 'Name of the resource', priority: 0 },
  { name: 'cpu', type: 'string', format: 'quantity', description: '', priority: 0 },
  { name: 'memory', type: 'string', format: 'quantity', description: '', priority: 0 },
  { name: 'Window', type: 'string', format: 'duration', description: '', priority: 0 },
]

/** They come and go while the server runs, as the kinds of definitions do, and are told in the same way. */
const measuredKind = (kind: string, schema: PropsSchema) =>
  ({
    ...neverStored,
    ...METRICS,
    kind,
    shortNames: [],
    categories: [],
    schema: `io.k8s.metrics.pkg.apis.metrics.v1beta1.${kind}`,
    type: compileResource(schema),
    custom: { listKind: `${kind}List`, terminating: false, schema: schema as unknown as JsonObject },
    verbs: ['get', 'list'],
    columns,
  }) as const

const cells = ({ metadata, window }: Measured, { cpu, memory }: Usage): readonly string[] => [metadata.name ?? '', cpu, memory, window]

export const nodeMetricsKind: KindDefinition = defineKind<NodeMetrics>({
  ...measuredKind('NodeMetrics', nodeSchema),
  plural: 'nodes',
  singular: '',
  namespaced: false,
  row: (object) => cells(object, object.usage),
})

export const podMetricsKind: KindDefinition = defineKind<PodMetrics>({
  ...measuredKind('PodMetrics', podSchema),
  plural: 'pods',
  singular: '',
  namespaced: true,
  row: (object) => cells(object, object.containers.map((one) => one.usage).reduce((sum, one) => ({ cpu: addQuantities(sum.cpu, one.cpu), memory: addQuantities(sum.memory, one.memory) }), { cpu: '0', memory: '0' })),
})

/** As plain JSON. */
export const asJson = (object: NodeMetrics | PodMetrics): JsonObject => object as unknown as Readonly<Record<string, Json>>
