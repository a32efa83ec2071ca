import type {
  CSIDriver,
  CSINode,
  CSIStorageCapacity,
  PersistentVolume,
  PersistentVolumeClaim,
  StorageClass,
  VolumeAttachment,
  VolumeAttributesClass,
} from '../../../shared/model/gen/api.ts'
import { isTerminating } from '../../../shared/model/meta.ts'
import type { TableColumn } from '../kind.ts'
import { amountsOf } from '../resource-list.ts'
import { ageSince } from './age.ts'
import { ageColumn, column, CREATION_DESCRIPTION, nameColumn, wideColumn } from './columns.ts'

type Row = ReadonlyArray<string | number | boolean>

const MORE = 'More info: https://kubernetes.io/docs/concepts/storage/persistent-volumes'

/** Kinds without columns of their own show these two. */
export const plainColumns: readonly TableColumn[] = [nameColumn, { name: 'Created At', type: 'date', description: CREATION_DESCRIPTION, priority: 0 }]
export const plainRow = ({ metadata }: Pick<CSIStorageCapacity, 'metadata'>): Row => [metadata.name ?? '', metadata.creationTimestamp ?? '<unknown>']

const shortModes = [
  ['ReadWriteOnce', 'RWO'],
  ['ReadOnlyMany', 'ROX'],
  ['ReadWriteMany', 'RWX'],
  ['ReadWriteOncePod', 'RWOP'],
] as const

/** `RWO,ROX`, each once and in a fixed order. */
const modesText = (modes: readonly string[] | undefined): string =>
  shortModes
    .filter(([mode]) => modes?.includes(mode))
    .map(([, short]) => short)
    .join(',')

/** Older clients named the class in an annotation, which wins. */
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class'
const UNSET = '<unset>'

const volumeModeColumn = wideColumn('VolumeMode', 'volumeMode defines if a volume is intended to be used with a formatted filesystem or to remain in raw block state. Value of Filesystem is implied when not included in spec.')

export const persistentVolumeColumns: readonly TableColumn[] = [
  nameColumn,
  column('Capacity', `capacity is the description of the persistent volume's resources and capacity. ${MORE}#capacity`),
  column('Access Modes', `accessModes contains all ways the volume can be mounted. ${MORE}#access-modes`),
  column(
    'Reclaim Policy',
    `persistentVolumeReclaimPolicy defines what happens to a persistent volume when released from its claim. Valid options are Retain (default for manually created PersistentVolumes), Delete (default for dynamically provisioned PersistentVolumes), and Recycle (deprecated). Recycle must be supported by the volume plugin underlying this PersistentVolume. ${MORE}#reclaiming`,
  ),
  column('Status', `phase indicates if a volume is available, bound to a claim, or released by a claim. ${MORE}#phase`),
  column('Claim', `claimRef is part of a bi-directional binding between PersistentVolume and PersistentVolumeClaim. Expected to be non-nil when bound. claim.VolumeName is the authoritative bind between PV and PVC. ${MORE}#binding`),
  column('StorageClass', 'StorageClass of the pv'),
  column('VolumeAttributesClass', 'VolumeAttributesClass of the pv'),
  column('Reason', 'reason is a brief CamelCase string that describes any failure and is meant for machine parsing and tidy display in the CLI.'),
  ageColumn,
  volumeModeColumn,
]

export function persistentVolumeRow(volume: PersistentVolume, nowMs: number): Row {
  const { metadata, spec, status } = volume
  const claim = spec?.claimRef ? `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}` : ''
  return [
    metadata.name ?? '',
    amountsOf(spec?.capacity)['storage'] ?? '0',
    modesText(spec?.accessModes),
    spec?.persistentVolumeReclaimPolicy ?? '',
    isTerminating(volume) ? 'Terminating' : (status?.phase ?? ''),
    claim,
    metadata.annotations?.[BETA_CLASS] ?? spec?.storageClassName ?? '',
    spec?.volumeAttributesClassName ?? UNSET,
    status?.reason ?? '',
    ageSince(metadata.creationTimestamp, nowMs),
    spec?.volumeMode ?? UNSET,
  ]
}

export const persistentVolumeClaimColumns: readonly TableColumn[] = [
  nameColumn,
  column('Status', 'phase represents the current phase of PersistentVolumeClaim.'),
  column('Volume', 'volumeName is the binding reference to the PersistentVolume backing this claim.'),
  column('Capacity', 'capacity represents the actual resources of the underlying volume.'),
  column('Access Modes', `accessModes contains the actual access modes the volume backing the PVC has. ${MORE}#access-modes-1`),
  column('StorageClass', 'StorageClass of the pvc'),
  column('VolumeAttributesClass', 'VolumeAttributesClass of the pvc'),
  ageColumn,
  { ...volumeModeColumn, description: 'volumeMode defines what type of volume is required by the claim. Value of Filesystem is implied when not included in claim spec.' },
]

export function persistentVolumeClaimRow(claim: PersistentVolumeClaim, nowMs: number): Row {
  const { metadata, spec, status } = claim
  const bound = Boolean(spec?.volumeName)
  return [
    metadata.name ?? '',
    isTerminating(claim) ? 'Terminating' : (status?.phase ?? ''),
    spec?.volumeName ?? '',
    bound ? (amountsOf(status?.capacity)['storage'] ?? '0') : '',
    bound ? modesText(status?.accessModes) : '',
    metadata.annotations?.[BETA_CLASS] ?? spec?.storageClassName ?? '',
    spec?.volumeAttributesClassName ?? UNSET,
    ageSince(metadata.creationTimestamp, nowMs),
    spec?.volumeMode ?? UNSET,
  ]
}

const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class'
const OLD_DEFAULT_CLASS = 'storageclass.beta.kubernetes.io/is-default-class'

export const isDefaultStorageClass = ({ metadata }: StorageClass): boolean => metadata.annotations?.[DEFAULT_CLASS] === 'true' || metadata.annotations?.[OLD_DEFAULT_CLASS] === 'true'

export const storageClassColumns: readonly TableColumn[] = [
  nameColumn,
  column('Provisioner', 'provisioner indicates the type of the provisioner.'),
  column('ReclaimPolicy', 'reclaimPolicy controls the reclaimPolicy for dynamically provisioned PersistentVolumes of this storage class. Defaults to Delete.'),
  column(
    'VolumeBindingMode',
    'volumeBindingMode indicates how PersistentVolumeClaims should be provisioned and bound.  When unset, VolumeBindingImmediate is used. This field is only honored by servers that enable the VolumeScheduling feature.',
  ),
  column('AllowVolumeExpansion', 'allowVolumeExpansion shows whether the storage class allow volume expand.'),
  ageColumn,
]

export const storageClassRow = (one: StorageClass, nowMs: number): Row => [
  `${one.metadata.name ?? ''}${isDefaultStorageClass(one) ? ' (default)' : ''}`,
  one.provisioner,
  one.reclaimPolicy ?? 'Delete',
  one.volumeBindingMode ?? 'Immediate',
  one.allowVolumeExpansion ?? false,
  ageSince(one.metadata.creationTimestamp, nowMs),
]

export const volumeAttachmentColumns: readonly TableColumn[] = [
  nameColumn,
  { ...column('Attacher', 'attacher indicates the name of the volume driver that MUST handle this request. This is the name returned by GetPluginName().'), format: 'name' },
  column('PV', 'persistentVolumeName represents the name of the persistent volume to attach.'),
  column('Node', 'nodeName represents the node that the volume should be attached to.'),
  { ...column('Attached', 'attached indicates the volume is successfully attached. This field must only be set by the entity completing the attach operation, i.e. the external-attacher.'), type: 'boolean' },
  ageColumn,
]

export const volumeAttachmentRow = ({ metadata, spec, status }: VolumeAttachment, nowMs: number): Row => [
  metadata.name ?? '',
  spec.attacher,
  spec.source.persistentVolumeName ?? '',
  spec.nodeName,
  status?.attached ?? false,
  ageSince(metadata.creationTimestamp, nowMs),
]

export const csiNodeColumns: readonly TableColumn[] = [nameColumn, { ...column('Drivers', 'Drivers indicates the number of CSI drivers registered on the node'), type: 'integer' }, ageColumn]
export const csiNodeRow = ({ metadata, spec }: CSINode, nowMs: number): Row => [metadata.name ?? '', (spec.drivers as CSINode['spec']['drivers'] | null | undefined)?.length ?? 0, ageSince(metadata.creationTimestamp, nowMs)]

export const csiDriverColumns: readonly TableColumn[] = [
  nameColumn,
  { ...column('AttachRequired', 'attachRequired indicates this CSI volume driver requires an attach operation (because it implements the CSI ControllerPublishVolume() method), and that the Kubernetes attach detach controller should call the attach volume interface which checks the volumeattachment status and waits until the volume is attached before proceeding to mounting. The CSI external-attacher coordinates with CSI volume driver and updates the volumeattachment status when the attach operation is complete. If the value is specified to false, the attach operation will be skipped. Otherwise the attach operation will be called.\n\nThis field is immutable.'), type: 'boolean' },
  { ...column('PodInfoOnMount', 'podInfoOnMount indicates this CSI volume driver requires additional pod information (like podName, podUID, etc.) during mount operations, if set to true. If set to false, pod information will not be passed on mount. Default is false.'), type: 'boolean' },
  { ...column('StorageCapacity', 'storageCapacity indicates that the CSI volume driver wants pod scheduling to consider the storage capacity that the driver deployment will report by creating CSIStorageCapacity objects with capacity information, if set to true.'), type: 'boolean' },
  column('TokenRequests', "tokenRequests indicates the CSI driver needs pods' service account tokens it is mounting volume for to do necessary authentication."),
  { ...column('RequiresRepublish', 'requiresRepublish indicates the CSI driver wants `NodePublishVolume` being periodically called to reflect any possible change in the mounted volume. This field defaults to false.\n\nNote: After a successful initial NodePublishVolume call, subsequent calls to NodePublishVolume should only update the contents of the volume. New mount points will not be seen by a running container.'), type: 'boolean' },
  column('Modes', 'volumeLifecycleModes defines what kind of volumes this CSI volume driver supports.'),
  ageColumn,
]

export const csiDriverRow = ({ metadata, spec }: CSIDriver, nowMs: number): Row => [
  metadata.name ?? '',
  spec.attachRequired ?? true,
  spec.podInfoOnMount ?? false,
  spec.storageCapacity ?? false,
  spec.tokenRequests?.map((one) => one.audience).join(',') ?? UNSET,
  spec.requiresRepublish ?? false,
  (spec.volumeLifecycleModes ?? []).join(',') || '<none>',
  ageSince(metadata.creationTimestamp, nowMs),
]

export const volumeAttributesClassColumns: readonly TableColumn[] = [nameColumn, column('DriverName', 'Name of the CSI driver This field is immutable.'), ageColumn]
const DEFAULT_ATTRIBUTES = 'volumeattributesclass.alpha.kubernetes.io/is-default-class'
export const volumeAttributesClassRow = (one: VolumeAttributesClass, nowMs: number): Row => [`${one.metadata.name ?? ''}${one.metadata.annotations?.[DEFAULT_ATTRIBUTES] === 'true' ? ' (default)' : ''}`, one.driverName, ageSince(one.metadata.creationTimestamp, nowMs)]
