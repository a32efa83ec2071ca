import type { PriorityClass, ResourceQuota, RuntimeClass } from '../../../shared/model/gen/api.ts'
import type { TableColumn } from '../kind.ts'
import { amountsOf } from '../resource-list.ts'
import { ageSince } from './age.ts'
import { ageColumn, column, nameColumn } from './columns.ts'

type Row = ReadonlyArray<string | number | boolean>

export const priorityClassColumns: readonly TableColumn[] = [
  nameColumn,
  { ...column('Value', 'value represents the integer value of this priority class. This is the actual priority that pods receive when they have the name of this class in their pod spec.'), type: 'integer' },
  {
    ...column(
      'Global-Default',
      'globalDefault specifies whether this PriorityClass should be considered as the default priority for pods that do not have any priority class. Only one PriorityClass can be marked as `globalDefault`. However, if more than one PriorityClasses exists with their `globalDefault` field set to true, the smallest value of such global default PriorityClasses will be used as the default priority.',
    ),
    type: 'boolean',
  },
  ageColumn,
  column('PreemptionPolicy', 'preemptionPolicy is the Policy for preempting pods with lower priority. One of Never, PreemptLowerPriority. Defaults to PreemptLowerPriority if unset.'),
]

export const priorityClassRow = (one: PriorityClass, nowMs: number): Row => [
  one.metadata.name ?? '',
  one.value ?? 0,
  one.globalDefault ?? false,
  ageSince(one.metadata.creationTimestamp, nowMs),
  one.preemptionPolicy ?? 'PreemptLowerPriority',
]

export const runtimeClassColumns: readonly TableColumn[] = [
  nameColumn,
  // Kubernetes looks for its description where there is none.
  column('Handler', ''),
  ageColumn,
]
export const runtimeClassRow = (one: RuntimeClass, nowMs: number): Row => [one.metadata.name ?? '', one.handler, ageSince(one.metadata.creationTimestamp, nowMs)]

export const resourceQuotaColumns: readonly TableColumn[] = [
  nameColumn,
  column('Request', 'Request represents a minimum amount of cpu/memory that a container may consume.'),
  column('Limit', 'Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.'),
  ageColumn,
]

/** `pods: 1/5, requests.cpu: 500m/1`: what is used of each, limits apart from all else. */
export function resourceQuotaRow({ metadata, status }: ResourceQuota, nowMs: number): Row {
  const used = amountsOf(status?.used)
  const parts = Object.entries(amountsOf(status?.hard))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => ({ isLimit: name.startsWith('limits.'), text: `${name}: ${used[name] ?? '0'}/${hard}` }))
  const joined = (isLimit: boolean): string => parts.filter((part) => part.isLimit === isLimit).map((part) => part.text).join(', ')
  return [metadata.name ?? '', joined(false), joined(true), ageSince(metadata.creationTimestamp, nowMs)]
}
