import type { Scale } from '../../../shared/model/gen/api.ts'
import type { TableColumn } from '../kind.ts'
import { ageSince } from './age.ts'
import { ageColumn, column, CREATION_DESCRIPTION, integerColumn, nameColumn } from './columns.ts'

export const scaleColumns: readonly TableColumn[] = [
  column(nameColumn.name, nameColumn.description),
  integerColumn('Desired', 'replicas is the desired number of instances for the scaled object.'),
  integerColumn('Available', 'replicas is the actual number of observed instances of the scaled object.'),
  ageColumn,
]

export const scaleRow = ({ metadata, spec, status }: Scale, nowMs: number): ReadonlyArray<string | number> => [metadata.name ?? '', spec?.replicas ?? 0, status?.replicas ?? 0, ageSince(metadata.creationTimestamp, nowMs)]

/** Of a custom resource: what its scale leaves out has no cell. */
export const customScaleColumns: readonly TableColumn[] = [
  nameColumn,
  integerColumn('Desired', 'Number of desired replicas'),
  integerColumn('Available', 'Number of actual replicas'),
  { name: 'Age', type: 'date', description: CREATION_DESCRIPTION, priority: 0 },
]

export const customScaleRow = ({ metadata, spec, status }: Scale, nowMs: number): ReadonlyArray<string | number | null> => [metadata.name ?? '', spec?.replicas || null, status?.replicas ?? 0, ageSince(metadata.creationTimestamp, nowMs)]
