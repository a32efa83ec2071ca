import type { PodDisruptionBudget } from '../../../shared/model/gen/api.ts'
import type { TableColumn } from '../kind.ts'
import { ageSince } from './age.ts'
import { ageColumn, column, integerColumn, nameColumn } from './columns.ts'

export const budgetColumns: readonly TableColumn[] = [
  nameColumn,
  column('Min Available', 'An eviction is allowed if at least "minAvailable" pods selected by "selector" will still be available after the eviction, i.e. even in the absence of the evicted pod.  So for example you can prevent all voluntary evictions by specifying "100%".'),
  column('Max Unavailable', 'An eviction is allowed if at most "maxUnavailable" pods selected by "selector" are unavailable after the eviction, i.e. even in absence of the evicted pod. For example, one can prevent all voluntary evictions by specifying 0. This is a mutually exclusive setting with "minAvailable".'),
  integerColumn('Allowed Disruptions', 'Calculated number of pods that may be disrupted at this time.'),
  ageColumn,
]

export const budgetRow = ({ metadata, spec, status }: PodDisruptionBudget, nowMs: number): ReadonlyArray<string | number> => [
  metadata.name ?? '',
  String(spec?.minAvailable ?? 'N/A'),
  String(spec?.maxUnavailable ?? 'N/A'),
  status?.disruptionsAllowed ?? 0,
  ageSince(metadata.creationTimestamp, nowMs),
]
