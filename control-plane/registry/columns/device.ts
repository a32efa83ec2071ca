import type { ResourceSlice, ResourceV1ResourceClaim } from '../../../shared/model/gen/api.ts'
import type { KubeObject } from '../../../shared/model/meta.ts'
import type { TableColumn } from '../kind.ts'
import { ageSince } from './age.ts'
import { ageColumn, column, nameColumn } from './columns.ts'

export const deviceColumns: readonly TableColumn[] = [nameColumn, ageColumn]
export const deviceRow = ({ metadata }: KubeObject, nowMs: number): readonly string[] => [metadata.name ?? '', ageSince(metadata.creationTimestamp, nowMs)]

export const resourceClaimColumns: readonly TableColumn[] = [nameColumn, column('State', 'A summary of the current state (allocated, pending, reserved, etc.).'), ageColumn]

export const resourceClaimRow = (claim: ResourceV1ResourceClaim, nowMs: number): readonly string[] => [claim.metadata.name ?? '', stateOf(claim), ageSince(claim.metadata.creationTimestamp, nowMs)]

function stateOf({ metadata, status }: ResourceV1ResourceClaim): string {
  const isGoing = metadata.deletionTimestamp !== undefined
  const states = isGoing ? ['deleted'] : []
  if (status?.allocation) states.push('allocated', ...(status.reservedFor?.length ? ['reserved'] : []))
  else if (!isGoing) states.push('pending')
  return states.join(',')
}

export const resourceSliceColumns: readonly TableColumn[] = [
  nameColumn,
  column(
    'Node',
    'NodeName identifies the node which provides the resources in this pool. A field selector can be used to list only ResourceSlice objects belonging to a certain node.\n\nThis field can be used to limit access from nodes to ResourceSlices with the same node name. It also indicates to autoscalers that adding new nodes of the same type as some old node might also make new resources available.\n\nExactly one of NodeName, NodeSelector, AllNodes, and PerDeviceNodeSelection must be set. This field is immutable.',
  ),
  column(
    'Driver',
    'Driver identifies the DRA driver providing the capacity information. A field selector can be used to list only ResourceSlice objects with a certain driver name.\n\nMust be a DNS subdomain and should end with a DNS domain owned by the vendor of the driver. It should use only lower case characters. This field is immutable.',
  ),
  column(
    'Pool',
    'Name is used to identify the pool. For node-local devices, this is often the node name, but this is not required.\n\nIt must not be longer than 253 characters and must consist of one or more DNS sub-domains separated by slashes. This field is immutable.',
  ),
  ageColumn,
]

export const resourceSliceRow = ({ metadata, spec }: ResourceSlice, nowMs: number): readonly string[] => [metadata.name ?? '', spec.nodeName ?? '', spec.driver, spec.pool.name, ageSince(metadata.creationTimestamp, nowMs)]
