import { type FieldError, forbidden, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { NodeSelectorRequirement, PersistentVolume, PersistentVolumeSpec, VolumeNodeAffinity } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { compareQuantities, quantityValue } from '../../../shared/model/quantity.ts'
import type { StrategyContext } from '../kind.ts'
import { volumeAffinityForm, volumeSourceDiff } from '../printed/storage.ts'
import { amountsOf, type QuantityList } from '../resource-list.ts'
import { newLabel } from '../warnings/node-labels.ts'
import { validateNodeSelector } from './affinity.ts'
import { dnsSubdomain, oneOf, sortedEntries } from './check.ts'
import { IMMUTABLE } from './storage-class.ts'
import { sourceOf, validateVolumeSources } from './persistent-volume-source.ts'

export const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'] as const
const reclaimPolicies = ['Delete', 'Recycle', 'Retain'] as const

/** An amount of bytes: nothing below zero. */
export const basicAmount = (amount: string, field: string): readonly FieldError[] => (compareQuantities(amount, '0') < 0 ? [invalid(field, quantityValue(amount), 'must be a valid resource quantity')] : [])

export function validateModes(modes: readonly string[], field: string): readonly FieldError[] {
  const errors: FieldError[] = modes.flatMap((mode) => oneOf(field, mode, accessModes))
  if (modes.includes('ReadWriteOncePod') && modes.some((mode) => mode !== 'ReadWriteOncePod' && accessModes.some((one) => one === mode))) errors.push(forbidden(field, 'may not use ReadWriteOncePod with other access modes'))
  return errors
}

/** @param inline whether it stands in a VolumeAttachment instead of an object of its own: then some parts may not be there. */
export function validateVolumeSpec(spec: PersistentVolumeSpec, path: string, { inline = false, name = '' }: { readonly inline?: boolean; readonly name?: string }): readonly FieldError[] {
  const modes = spec.accessModes ?? []
  const errors: FieldError[] = inline ? [...inlineErrors(spec, path)] : []
  if (modes.length === 0) errors.push(required(`${path}.accessModes`))
  errors.push(...validateModes(modes, `${path}.accessModes`))
  if (!inline) {
    errors.push(...validateCapacity(spec.capacity, `${path}.capacity`))
    if (spec.persistentVolumeReclaimPolicy) errors.push(...oneOf(`${path}.persistentVolumeReclaimPolicy`, spec.persistentVolumeReclaimPolicy, reclaimPolicies))
  } else errors.push(...inlinePlacement(spec, path))
  if (spec.nodeAffinity && !inline) {
    const field = `${path}.nodeAffinity.required`
    errors.push(...(spec.nodeAffinity.required ? validateNodeSelector(spec.nodeAffinity.required, field) : [required(field, 'must specify required node constraints')]))
  }
  errors.push(...validateVolumeSources(spec, path, name))
  const isRoot = /^\/+(\.?\/*)*$/.test(spec.hostPath?.path ?? '')
  if (spec.hostPath && isRoot && spec.persistentVolumeReclaimPolicy === 'Recycle') errors.push(forbidden(`${path}.persistentVolumeReclaimPolicy`, "may not be 'recycle' for a hostPath mount of '/'"))
  if (spec.storageClassName) errors.push(...(inline ? [forbidden(`${path}.storageClassName`, NOT_INLINE)] : dnsSubdomain(`${path}.storageClassName`, spec.storageClassName)))
  if (spec.volumeMode !== undefined) errors.push(...validateVolumeMode(spec.volumeMode, `${path}.volumeMode`, inline))
  return [...errors, ...validateAttributesClass(spec, path)]
}

const NOT_INLINE = 'may not be specified in the context of inline volumes'

function validateVolumeMode(mode: string, field: string, inline: boolean): readonly FieldError[] {
  if (!inline) return oneOf(field, mode, ['Block', 'Filesystem'])
  return mode === 'Filesystem' ? [] : [forbidden(field, 'may not specify volumeMode other than Filesystem in the context of inline volumes')]
}

/** What an inline volume says of its life and its place. */
function inlinePlacement({ persistentVolumeReclaimPolicy: policy, nodeAffinity }: PersistentVolumeSpec, path: string): readonly FieldError[] {
  const errors: FieldError[] = policy && policy !== 'Retain' ? [forbidden(`${path}.persistentVolumeReclaimPolicy`, 'may only be Retain in the context of inline volumes')] : []
  return nodeAffinity ? [...errors, forbidden(`${path}.nodeAffinity`, NOT_INLINE)] : errors
}

function inlineErrors(spec: PersistentVolumeSpec, path: string): readonly FieldError[] {
  const errors: FieldError[] = spec.claimRef ? [forbidden(`${path}.claimRef`, NOT_INLINE)] : []
  if (Object.keys(spec.capacity ?? {}).length > 0) errors.push(forbidden(`${path}.capacity`, NOT_INLINE))
  if (!spec.csi) errors.push(required(`${path}.csi`, 'has to be specified in the context of inline volumes'))
  return errors
}

function validateCapacity(capacity: QuantityList | undefined, field: string): readonly FieldError[] {
  const amounts = sortedEntries(amountsOf(capacity))
  const errors: FieldError[] = amounts.length === 0 ? [required(field)] : []
  if (amounts.length !== 1 || amounts[0]?.[0] !== 'storage') errors.push(notSupported(field, capacity && Object.fromEntries(amounts), ['storage']))
  for (const [name, amount] of amounts) {
    const at = `${field}[${name}]`
    errors.push(...basicAmount(amount, at), ...(compareQuantities(amount, '0') <= 0 ? [invalid(at, amount, 'must be greater than zero')] : []))
  }
  return errors
}

function validateAttributesClass({ volumeAttributesClassName: name, csi }: PersistentVolumeSpec, path: string): readonly FieldError[] {
  if (name === undefined) return []
  const field = `${path}.volumeAttributesClassName`
  const own = name === '' ? [required(field, 'an empty string is disallowed')] : dnsSubdomain(field, name)
  return csi ? own : [...own, required(`${path}.csi`, 'has to be specified when using volumeAttributesClassName')]
}

export const validateNewPersistentVolume = ({ metadata, spec }: PersistentVolume): readonly FieldError[] => validateVolumeSpec(spec ?? {}, 'spec', { name: metadata.name ?? '' })

/** Old names of labels may be replaced by the new ones. */
function isSamePlace(affinity: VolumeNodeAffinity | undefined, before: VolumeNodeAffinity): boolean {
  const terms = affinity?.required?.nodeSelectorTerms ?? []
  const renamed = (one: NodeSelectorRequirement, now: NodeSelectorRequirement | undefined): NodeSelectorRequirement => (now && newLabel(one.key) === now.key ? { ...one, key: now.key } : one)
  const known = before.required?.nodeSelectorTerms.map(({ matchExpressions, ...term }, index) => ({
    ...term,
    ...(matchExpressions && { matchExpressions: matchExpressions.map((one, at) => renamed(one, terms[index]?.matchExpressions?.[at])) }),
  }))
  return deepEqual(affinity, known ? { ...before, required: { ...before.required, nodeSelectorTerms: known } } : before)
}

export function validatePersistentVolumeChange(volume: PersistentVolume, old: PersistentVolume, { subresource }: StrategyContext): readonly FieldError[] {
  if (subresource === 'status') return []
  const [spec, before] = [volume.spec ?? {}, old.spec ?? {}]
  const errors = [...validateNewPersistentVolume(volume)]
  const [source, earlier] = [sourceOf(spec), sourceOf(before)]
  const growsBySecret = before.csi !== undefined && before.csi.controllerExpandSecretRef === undefined && spec.csi?.controllerExpandSecretRef !== undefined
  const compared = growsBySecret && spec.csi ? { ...source, csi: { ...spec.csi, controllerExpandSecretRef: undefined } } : source
  if (!deepEqual(compared, earlier)) errors.push(forbidden('spec.persistentvolumesource', `spec.persistentvolumesource is immutable after creation\n${volumeSourceDiff(compared, earlier)}`))
  if (spec.volumeMode !== before.volumeMode) errors.push(invalid('volumeMode', spec.volumeMode ?? null, IMMUTABLE))
  if (before.nodeAffinity && !isSamePlace(spec.nodeAffinity, before.nodeAffinity)) errors.push(invalid('nodeAffinity', volumeAffinityForm(spec.nodeAffinity), `${IMMUTABLE}, except for updating from beta label to GA`))
  // A class that was chosen may be exchanged, not taken away.
  const losesClass = before.volumeAttributesClassName !== undefined && spec.volumeAttributesClassName === undefined
  return losesClass ? [...errors, forbidden('spec.volumeAttributesClassName', 'update from non-nil value to nil is forbidden')] : errors
}
