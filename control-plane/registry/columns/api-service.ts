import type { APIService } from '../../../shared/model/gen/api.ts'
import type { TableColumn } from '../kind.ts'
import { ageSince } from './age.ts'
import { ageColumn, column, nameColumn } from './columns.ts'

export const apiServiceColumns: readonly TableColumn[] = [nameColumn, column('Service', 'The reference to the service that hosts this API endpoint.'), column('Available', 'Whether this service is available.'), ageColumn]

export const apiServiceRow = (object: APIService, nowMs: number): readonly string[] => [object.metadata.name ?? '', servedBy(object), availability(object), ageSince(object.metadata.creationTimestamp, nowMs)]

const servedBy = ({ spec }: APIService): string => (spec?.service ? `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}` : 'Local')

function availability({ status }: APIService): string {
  const condition = status?.conditions?.find(({ type }) => type === 'Available')
  if (!condition) return 'Unknown'
  return condition.status === 'True' ? condition.status : `${condition.status} (${condition.reason ?? ''})`
}
