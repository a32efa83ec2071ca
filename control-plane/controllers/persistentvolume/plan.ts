/** What is to be done with a claim, and with a volume. PURE. */
import type { PersistentVolume, PersistentVolumeClaim, StorageClass } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { isTerminating, nameOf } from '../../../shared/model/meta.ts'
import { BIND_COMPLETED, SELECTED_NODE } from '../../../shared/model/volume-claims.ts'
import { bestMatch, BY_CONTROLLER, classOfClaim, isPromised, mismatch } from '../../../shared/model/volume-matching.ts'

const DEFAULT_CLASS = ['storageclass.kubernetes.io/is-default-class', 'storageclass.beta.kubernetes.io/is-default-class'] as const
const PROVISIONER = ['volume.beta.kubernetes.io/storage-provisioner', 'volume.kubernetes.io/storage-provisioner'] as const
const NO_PROVISIONER = 'kubernetes.io/no-provisioner'
const YES = 'yes'

export interface Told {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
}

export type ClaimStep =
  | { readonly kind: 'wait'; readonly told?: Told | undefined }
  /** Somebody else makes the volume: the claim tells whom it waits for. */
  | { readonly kind: 'provision'; readonly claim: PersistentVolumeClaim; readonly told: Told }
  | { readonly kind: 'assign-class'; readonly name: string }
  | { readonly kind: 'bind'; readonly volume: PersistentVolume }
  | { readonly kind: 'lost'; readonly told: Told }

export interface View {
  readonly claim: PersistentVolumeClaim
  readonly volumes: readonly PersistentVolume[]
  readonly volumeOf: (name: string) => PersistentVolume | undefined
  readonly classes: readonly StorageClass[]
}

export const isBindCompleted = ({ metadata }: PersistentVolumeClaim): boolean => metadata.annotations?.[BIND_COMPLETED] !== undefined

export const planClaim = (view: View): ClaimStep => (isBindCompleted(view.claim) ? planBound(view) : planUnbound(view))

function planBound({ claim, volumeOf }: View): ClaimStep {
  const name = claim.spec?.volumeName
  const lost = (reason: string, message: string): ClaimStep => ({ kind: 'lost', told: { type: 'Warning', reason, message } })
  if (!name) return lost('ClaimLost', 'Bound claim has lost reference to PersistentVolume. Data on the volume is lost!')
  const volume = volumeOf(name)
  if (!volume) return lost('ClaimLost', 'Bound claim has lost its PersistentVolume. Data on the volume is lost!')
  const owner = volume.spec?.claimRef
  if (!owner || owner.uid === claim.metadata.uid) return { kind: 'bind', volume }
  return lost('ClaimMisbound', 'Two claims are bound to the same volume, this one is bound incorrectly')
}

function planUnbound(view: View): ClaimStep {
  const { claim, volumeOf } = view
  const name = claim.spec?.volumeName
  if (!name) return planSearch(view)
  const volume = volumeOf(name)
  if (!volume) return { kind: 'wait', told: { type: 'Warning', reason: 'FailedBinding', message: `volume "${name}" not found` } }
  const owner = volume.spec?.claimRef
  if (!owner) {
    const why = mismatch(volume, claim)
    return why === undefined ? { kind: 'bind', volume } : { kind: 'wait', told: { type: 'Warning', reason: 'VolumeMismatch', message: `Cannot bind to requested volume "${name}": ${why}` } }
  }
  if (isPromised(volume, claim)) return { kind: 'bind', volume }
  return { kind: 'wait', told: { type: 'Warning', reason: 'FailedBinding', message: `volume "${name}" already bound to a different claim.` } }
}

const isDefault = ({ metadata }: StorageClass): boolean => DEFAULT_CLASS.some((name) => metadata.annotations?.[name] === 'true')

function planSearch({ claim, volumes, classes }: View): ClaimStep {
  const className = classOfClaim(claim)
  const found = classes.find((one) => nameOf(one) === className)
  const waits = found?.volumeBindingMode === 'WaitForFirstConsumer' && claim.metadata.annotations?.[SELECTED_NODE] === undefined
  const volume = bestMatch(volumes, claim, waits)
  if (volume) return { kind: 'bind', volume }
  const fallback = newestDefault(classes)
  if (fallback !== undefined && claim.spec?.storageClassName === undefined && className === '') return { kind: 'assign-class', name: fallback }
  if (waits) return { kind: 'wait', told: { type: 'Normal', reason: 'WaitForFirstConsumer', message: 'waiting for first consumer to be created before binding' } }
  const told = whyNone(className, found)
  return told.reason === 'ExternalProvisioning' ? { kind: 'provision', claim: forProvisioner(claim, found?.provisioner ?? ''), told } : { kind: 'wait', told }
}

function newestDefault(classes: readonly StorageClass[]): string | undefined {
  const born = (one: StorageClass): string => one.metadata.creationTimestamp ?? ''
  const sorted = classes.filter(isDefault).toSorted((a, b) => (born(a) === born(b) ? (nameOf(a) < nameOf(b) ? -1 : 1) : born(a) > born(b) ? -1 : 1))
  return sorted[0] && nameOf(sorted[0])
}

/** External provisioners look for their name; the same value if it stands there. */
function forProvisioner(claim: PersistentVolumeClaim, provisioner: string): PersistentVolumeClaim {
  const { annotations = {} } = claim.metadata
  if (PROVISIONER.every((name) => annotations[name] === provisioner)) return claim
  return { ...claim, metadata: { ...claim.metadata, annotations: { ...annotations, ...Object.fromEntries(PROVISIONER.map((name) => [name, provisioner])) } } }
}

function whyNone(className: string, found: StorageClass | undefined): Told {
  if (className === '') return { type: 'Normal', reason: 'FailedBinding', message: 'no persistent volumes available for this claim and no storage class is set' }
  if (!found) return { type: 'Warning', reason: 'ProvisioningFailed', message: `storageclass.storage.k8s.io "${className}" not found` }
  if (found.provisioner === NO_PROVISIONER) return { type: 'Warning', reason: 'ProvisioningFailed', message: 'no volume plugin matched name: kubernetes.io/no-provisioner' }
  return {
    type: 'Normal',
    reason: 'ExternalProvisioning',
    message: `Waiting for a volume to be created either by the external provisioner '${found.provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
  }
}

/** The claim as it is when it has the volume; the same value if it has. */
export function boundClaim(claim: PersistentVolumeClaim, volume: PersistentVolume): PersistentVolumeClaim {
  const found = claim.spec?.volumeName !== nameOf(volume)
  const annotations = { ...claim.metadata.annotations, ...(found && { [BY_CONTROLLER]: YES }), [BIND_COMPLETED]: YES }
  if (!found && deepEqual(annotations, claim.metadata.annotations)) return claim
  return { ...claim, metadata: { ...claim.metadata, annotations }, spec: { ...claim.spec, volumeName: nameOf(volume) } }
}

/** The status of a claim that has the volume: what it already has of it is the volume's, except for a size that is still being changed. */
export function boundStatus(claim: PersistentVolumeClaim, { spec }: PersistentVolume): PersistentVolumeClaim['status'] {
  const { status } = claim
  const capacity = status?.phase === 'Bound' && status.capacity ? status.capacity : spec?.capacity
  return { ...status, phase: 'Bound', ...(spec?.accessModes && { accessModes: spec.accessModes }), ...(capacity && { capacity }) }
}

export type VolumePhase = 'Available' | 'Bound' | 'Released' | 'Failed'

export interface VolumeStep {
  readonly phase: VolumePhase | undefined
  /** The volume without the claim that has another one by now. */
  readonly released?: PersistentVolume | undefined
  /** The claim to look at again. */
  readonly claim?: string | undefined
  /** Why it failed. */
  readonly told?: Told
  /** Its claim has gone, and it is to go too. */
  readonly remove?: boolean
}

export function planVolume(volume: PersistentVolume, claimOf: (key: string) => PersistentVolumeClaim | undefined): VolumeStep {
  const owner = volume.spec?.claimRef
  if (!owner?.uid) return { phase: 'Available', ...(owner && { claim: `${owner.namespace}/${owner.name}` }) }
  const key = `${owner.namespace}/${owner.name}`
  const claim = claimOf(key)
  if (claim?.metadata.uid !== owner.uid) return reclaim(volume)
  if (claim.spec?.volumeName === nameOf(volume)) return { phase: 'Bound' }
  if (!claim.spec?.volumeName) return { phase: undefined, claim: key }
  return { phase: 'Available', released: unbound(volume) }
}

const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by'
/** As kube-controller-manager has it: not bound to the beginning of the path. */
const DELETABLE = /\/tmp\/.+/

/** Kubernetes' controller without plugins of clouds: what a provisioner made, that one removes; it recycles nothing here. */
function reclaim(volume: PersistentVolume): VolumeStep {
  const { spec, status, metadata } = volume
  const failed = (reason: string, message: string): VolumeStep => ({ phase: 'Failed', told: { type: 'Warning', reason, message } })
  const released: VolumeStep = { phase: status?.phase === 'Failed' ? undefined : 'Released' }
  if (isTerminating(volume)) return released
  switch (spec?.persistentVolumeReclaimPolicy) {
    case 'Recycle':
      return failed('VolumeFailedRecycle', 'No recycler plugin found for the volume!')
    case 'Delete':
      if (metadata.annotations?.[PROVISIONED_BY]) return released
      if (spec.hostPath === undefined) return failed('VolumeFailedDelete', `error getting deleter volume plugin for volume "${nameOf(volume)}": ${spec.local ? 'no deletable volume plugin matched' : 'no volume plugin matched'}`)
      if (!DELETABLE.test(spec.hostPath.path)) return failed('VolumeFailedDelete', `host_path deleter only supports /tmp/.+ but received provided ${spec.hostPath.path}`)
      return { phase: 'Released', remove: true }
    default:
      return released
  }
}

/** A promise that was the controller's is taken back whole, one that somebody made stays as a promise. */
function unbound(volume: PersistentVolume): PersistentVolume {
  const { [BY_CONTROLLER]: mine, ...annotations } = volume.metadata.annotations ?? {}
  const { claimRef, ...spec } = volume.spec ?? {}
  if (mine === undefined) return { ...volume, spec: { ...spec, claimRef: { ...claimRef, uid: undefined } } }
  return { ...volume, metadata: { ...volume.metadata, annotations }, spec }
}
