import { type FieldError, forbidden, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { PersistentVolumeClaim, PersistentVolumeClaimSpec } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { compareQuantities } from '../../../shared/model/quantity.ts'
import { qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import type { StrategyContext } from '../kind.ts'
import { claimSpecDiff } from '../printed/storage.ts'
import { amountsOf } from '../resource-list.ts'
import { mirroredSources } from '../updates/persistent-volume.ts'
import { objections, sortedEntries } from './check.ts'
import { basicAmount } from './persistent-volume.ts'
import { isNative } from './resource-names.ts'
import { validateQuantity } from './resources.ts'
import { IMMUTABLE } from './storage-class.ts'
import { validateClaimSpec } from './volume-claim.ts'

/** Older clients named the class here. */
const BETA_CLASS = 'volume.beta.kubernetes.io/storage-class'

export const validateNewClaim = ({ spec }: PersistentVolumeClaim): readonly FieldError[] => validateClaimSpec(spec ?? {}, 'spec')

export function validateClaimChange(claim: PersistentVolumeClaim, old: PersistentVolumeClaim, { subresource }: StrategyContext): readonly FieldError[] {
  if (subresource === 'status') return validateClaimStatus(claim)
  const [spec, before] = [claim.spec ?? {}, mirroredSources(old.spec ?? {})]
  const errors: FieldError[] = [...validateNewClaim(claim), ...classAnnotationChange(claim, old)]
  const comparable = withAllowedChanges(claim, { old, before })
  if (!deepEqual(comparable.spec, comparable.before)) {
    errors.push(forbidden('spec', `spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n${claimSpecDiff(comparable.before, comparable.spec)}`))
  }
  errors.push(...sizeChange(claim, old))
  if (spec.volumeMode !== before.volumeMode) errors.push(invalid('volumeMode', spec.volumeMode ?? null, IMMUTABLE))
  return [...errors, ...attributesClassErrors(spec, before)]
}

const upgradesAnnotation = (claim: PersistentVolumeClaim, old: PersistentVolumeClaim): boolean => {
  const named = old.metadata.annotations?.[BETA_CLASS]
  return named !== undefined && (claim.metadata.annotations?.[BETA_CLASS] ?? named) === named && old.spec?.storageClassName === undefined && claim.spec?.storageClassName === named
}

function classAnnotationChange(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): readonly FieldError[] {
  const [now, before] = [claim.metadata.annotations?.[BETA_CLASS] ?? '', old.metadata.annotations?.[BETA_CLASS] ?? '']
  return now === before || upgradesAnnotation(claim, old) ? [] : [invalid(`metadata.annotations[${BETA_CLASS}]`, now, IMMUTABLE)]
}

/** Both specs, made alike where they may differ. */
function withAllowedChanges(claim: PersistentVolumeClaim, { old, before }: { readonly old: PersistentVolumeClaim; readonly before: PersistentVolumeClaimSpec }): { readonly spec: PersistentVolumeClaimSpec; readonly before: PersistentVolumeClaimSpec } {
  let spec = claim.spec ?? {}
  let earlier = before
  // A claim is bound once.
  if (!before.volumeName) earlier = { ...earlier, volumeName: spec.volumeName }
  const mayGetClass = before.storageClassName === undefined && old.metadata.annotations?.[BETA_CLASS] === undefined
  if (mayGetClass || upgradesAnnotation(claim, old)) spec = { ...spec, storageClassName: before.storageClassName }
  if (claim.status?.phase === 'Bound') {
    const storage = amountsOf(before.resources?.requests)['storage']
    if (spec.resources?.requests && storage !== undefined) spec = { ...spec, resources: { ...spec.resources, requests: { ...spec.resources.requests, storage } } }
  }
  spec = { ...spec, volumeAttributesClassName: before.volumeAttributesClassName }
  return { spec: sameAmounts(spec, earlier), before: earlier }
}

/** Amounts that are equal count as equal however they are written. */
function sameAmounts(spec: PersistentVolumeClaimSpec, before: PersistentVolumeClaimSpec): PersistentVolumeClaimSpec {
  const alike = (side: 'requests' | 'limits'): Readonly<Record<string, string>> | undefined => {
    const [now, earlier] = [amountsOf(spec.resources?.[side]), amountsOf(before.resources?.[side])]
    if (!spec.resources?.[side]) return undefined
    return Object.fromEntries(Object.entries(now).map(([name, amount]) => [name, earlier[name] !== undefined && compareQuantities(amount, earlier[name]) === 0 ? earlier[name] : amount]))
  }
  const [requests, limits] = [alike('requests'), alike('limits')]
  return { ...spec, resources: { ...spec.resources, ...(requests && { requests }), ...(limits && { limits }) } }
}

/** A claim may shrink only to more than it already has: that takes back a growth that failed. */
function sizeChange(claim: PersistentVolumeClaim, old: PersistentVolumeClaim): readonly FieldError[] {
  const sizeOf = (of: PersistentVolumeClaim): string | undefined => amountsOf(of.spec?.resources?.requests)['storage']
  const shrinks = compareQuantities(sizeOf(claim), sizeOf(old)) < 0
  const below = compareQuantities(sizeOf(claim), amountsOf(old.status?.capacity)['storage']) <= 0
  return shrinks && below ? [forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity')] : []
}

function attributesClassErrors({ volumeAttributesClassName: name }: PersistentVolumeClaimSpec, { volumeAttributesClassName: before }: PersistentVolumeClaimSpec): readonly FieldError[] {
  const field = 'spec.volumeAttributesClassName'
  if (before === undefined || before === '' || name === before) return []
  if (name === undefined) return [forbidden(field, 'update from non-nil value to nil is forbidden')]
  return name === '' ? [forbidden(field, 'update from non-nil value to an empty string is forbidden')] : []
}

const resizeStatuses = ['ControllerResizeInProgress', 'ControllerResizeInfeasible', 'NodeResizeInProgress', 'NodeResizeInfeasible', 'NodeResizePending'] as const

function validateClaimStatus({ spec, status }: PersistentVolumeClaim): readonly FieldError[] {
  const errors: FieldError[] = spec?.accessModes?.length ? [] : [required('Spec.accessModes')]
  for (const [name, amount] of sortedEntries(amountsOf(status?.capacity))) errors.push(...basicAmount(amount, `status.capacity[${name}]`))
  for (const [name, value] of sortedEntries(status?.allocatedResourceStatuses)) {
    errors.push(...allocatedName(name, 'status.allocatedResourceStatus'))
    if (!resizeStatuses.some((one) => one === value)) errors.push(notSupported('status.allocatedResourceStatus', name, resizeStatuses.toSorted()))
  }
  for (const [name, amount] of sortedEntries(amountsOf(status?.allocatedResources))) {
    const field = `status.allocatedResources[${name}]`
    const ofName = allocatedName(name, 'status.allocatedResources')
    errors.push(...ofName)
    if (ofName.length > 0) continue
    const basic = basicAmount(amount, field)
    errors.push(...(basic.length > 0 ? basic : validateQuantity('storage', amount, field)))
  }
  return errors
}

/** Of Kubernetes' own resources a claim has storage alone. */
function allocatedName(name: string, field: string): readonly FieldError[] {
  const problems = qualifiedNameProblems(name)
  if (problems.length > 0) return objections(field, name, problems)
  return name === 'storage' || !isNative(name) ? [] : [notSupported(field, name, ['storage'])]
}
