import { type FieldError, forbidden, invalid, required } from '../../../shared/model/field-error.ts'
import type { PersistentVolumeClaimSpec, PersistentVolumeClaimTemplate, TypedObjectReference } from '../../../shared/model/gen/api.ts'
import { compareQuantities } from '../../../shared/model/quantity.ts'
import { validateAnnotations, validateLabels } from '../../../shared/model/validation/object-meta.ts'
import { amountsOf } from '../resource-list.ts'
import { dnsLabel, dnsSubdomain, oneOf, requiredText } from './check.ts'
import { validateLabelSelector } from './label-selector.ts'

const accessModes = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'] as const
/** Fields of metadata in the order of Kubernetes' type; the template may have labels and annotations only. */
const notInTemplates = ['name', 'generateName', 'namespace', 'selfLink', 'uid', 'resourceVersion', 'generation', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds', 'ownerReferences', 'finalizers', 'managedFields'] as const

/** The claim that an ephemeral volume is made from. */
export function validateClaimTemplate({ metadata, spec }: PersistentVolumeClaimTemplate, path: string): readonly FieldError[] {
  const forbiddenFields = notInTemplates.filter((name) => metadata?.[name] !== undefined).map((name) => forbidden(`${path}.metadata.${name}`, 'cannot be set'))
  return [
    ...validateAnnotations(metadata?.annotations, `${path}.metadata.annotations`),
    ...validateLabels(metadata?.labels, `${path}.metadata.labels`),
    ...forbiddenFields,
    ...validateClaimSpec(spec ?? {}, `${path}.spec`),
  ]
}

/** Every objection against what a claim asks for. */
export function validateClaimSpec(spec: PersistentVolumeClaimSpec, path: string): readonly FieldError[] {
  const modes = spec.accessModes ?? []
  const errors: FieldError[] = modes.length === 0 ? [required(`${path}.accessModes`, 'at least 1 access mode is required')] : []
  errors.push(...validateLabelSelector(spec.selector, `${path}.selector`))
  for (const mode of modes) errors.push(...oneOf(`${path}.accessModes`, mode, accessModes))
  if (modes.includes('ReadWriteOncePod') && modes.some((mode) => mode !== 'ReadWriteOncePod' && accessModes.some((one) => one === mode))) errors.push(forbidden(`${path}.accessModes`, 'may not use ReadWriteOncePod with other access modes'))
  const storage = amountsOf(spec.resources?.requests)['storage']
  const field = `${path}.resources[storage]`
  if (storage === undefined) errors.push(required(field))
  else if (compareQuantities(storage, '0') <= 0) errors.push(invalid(field, storage, 'must be greater than zero'))
  if (spec.storageClassName) errors.push(...dnsSubdomain(`${path}.storageClassName`, spec.storageClassName))
  if (spec.volumeMode !== undefined) errors.push(...oneOf(`${path}.volumeMode`, spec.volumeMode, ['Block', 'Filesystem']))
  errors.push(...validateDataSources(spec, path))
  if (spec.volumeAttributesClassName) errors.push(...dnsSubdomain(`${path}.volumeAttributesClassName`, spec.volumeAttributesClassName))
  return errors
}

/** What a new volume is filled from, under its old name and its new one. */
function validateDataSources({ dataSource, dataSourceRef }: PersistentVolumeClaimSpec, path: string): readonly FieldError[] {
  const errors = [...(dataSource ? validateDataSource(dataSource, `${path}.dataSource`) : []), ...(dataSourceRef ? validateDataSource(dataSourceRef, `${path}.dataSourceRef`) : [])]
  if (!dataSource || !dataSourceRef) return errors
  if (dataSourceRef.namespace) return [...errors, invalid(path, `${path}.dataSource`, 'may not be specified when dataSourceRef.namespace is specified')]
  const same = (['apiGroup', 'kind', 'name'] as const).every((name) => dataSource[name] === dataSourceRef[name])
  return same ? errors : [...errors, invalid(path, `${path}.dataSource`, 'must match dataSourceRef')]
}

function validateDataSource({ apiGroup = '', kind, name, namespace }: TypedObjectReference, path: string): readonly FieldError[] {
  return [
    ...requiredText(`${path}.name`, name),
    ...requiredText(`${path}.kind`, kind),
    ...(apiGroup === '' && kind !== 'PersistentVolumeClaim' ? [invalid(path, kind ?? '', "must be 'PersistentVolumeClaim' when referencing the default apiGroup")] : []),
    ...(apiGroup === '' ? [] : dnsSubdomain(`${path}.apiGroup`, apiGroup)),
    ...(namespace ? dnsLabel(`${path}.namespace`, namespace) : []),
  ]
}
