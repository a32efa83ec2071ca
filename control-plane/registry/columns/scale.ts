import type { Scale } from '../../../shared/model/gen/api.ts'
import type { TableColumn } from '../kind.ts'
import { ageSince } from './age.ts'
import { ageColumn, integerColumn, nameColumn } from './columns.ts'

export const scaleColumns: readonly TableColumn[] = [
  nameColumn,
  integerColumn('Desired', 'replicas is the desired number of instances for the scaled object.'),
  integerColumn('Available', 'replicas is the actual number of observed instances of the scaled object.'),
  ageColumn,
]

export const scaleRow = ({ metadata, spec, status }: Scale, nowMs: number): ReadonlyArray<string | number> => [metadata.name ?? '', spec?.replicas ?? 0, status?.replicas ?? 0, ageSince(metadata.creationTimestamp, nowMs)]
