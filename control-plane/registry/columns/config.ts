import type { ConfigMap, Lease, Namespace, Secret, ServiceAccount } from '../../../shared/model/gen/api.ts'
import type { TableColumn } from '../kind.ts'
import { ageSince } from './age.ts'
import { ageColumn, column, nameColumn } from './columns.ts'

type Row = ReadonlyArray<string | number>

export const namespaceColumns: readonly TableColumn[] = [nameColumn, column('Status', 'The status of the namespace'), ageColumn]
export const namespaceRow = (namespace: Namespace, nowMs: number): Row => [namespace.metadata.name ?? '', namespace.status?.phase ?? '', ageSince(namespace.metadata.creationTimestamp, nowMs)]

export const configMapColumns: readonly TableColumn[] = [
  nameColumn,
  column(
    'Data',
    "Data contains the configuration data. Each key must consist of alphanumeric characters, '-', '_' or '.'. Values with non-UTF-8 byte sequences must use the BinaryData field. The keys stored in Data must not overlap with the keys in the BinaryData field, this is enforced during validation process".concat('.'),
  ),
  ageColumn,
]
export const configMapRow = (map: ConfigMap, nowMs: number): Row => [
  map.metadata.name ?? '',
  Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length,
  ageSince(map.metadata.creationTimestamp, nowMs),
]

export const secretColumns: readonly TableColumn[] = [
  nameColumn,
  column('Type', 'Used to facilitate programmatic handling of secret data. More info: https://kubernetes.io/docs/concepts/configuration/secret/#secret-types'),
  column(
    'Data',
    "Data contains the secret data. Each key must consist of alphanumeric characters, '-', '_' or '.'. The serialized form of the secret data is a base64 encoded string, representing the arbitrary (possibly non-string) data value here. Described in https://tools.ietf.org/html/rfc4648#section-4",
  ),
  ageColumn,
]
export const secretRow = (secret: Secret, nowMs: number): Row => [secret.metadata.name ?? '', secret.type ?? '', Object.keys(secret.data ?? {}).length, ageSince(secret.metadata.creationTimestamp, nowMs)]

export const serviceAccountColumns: readonly TableColumn[] = [nameColumn, ageColumn]
export const serviceAccountRow = (account: ServiceAccount, nowMs: number): Row => [account.metadata.name ?? '', ageSince(account.metadata.creationTimestamp, nowMs)]

export const leaseColumns: readonly TableColumn[] = [
  nameColumn,
  column('Holder', 'holderIdentity contains the identity of the holder of a current lease. If Coordinated Leader Election is used, the holder identity must be equal to the elected LeaseCandidate.metadata.name field.'),
  ageColumn,
]
export const leaseRow = (lease: Lease, nowMs: number): Row => [lease.metadata.name ?? '', lease.spec?.holderIdentity ?? '', ageSince(lease.metadata.creationTimestamp, nowMs)]
