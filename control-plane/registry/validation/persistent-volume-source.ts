/** Where a volume is: exactly one of many kinds. */
import { type FieldError, forbidden, invalid, required } from '../../../shared/model/field-error.ts'
import type { CSIPersistentVolumeSource, PersistentVolumeSpec, SecretReference, Volume } from '../../../shared/model/gen/api.ts'
import { dnsLabel, dnsSubdomain, noBacksteps, requiredText } from './check.ts'
import { diskChecks, validateCsiDriverName, validateIscsi } from './volume-disks.ts'
import { validateStorageOs } from './volume-vendors.ts'
import { validateHostPath } from './volumes.ts'

/** In the order in which Kubernetes looks for them. */
const kinds = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'glusterfs',
  'flocker',
  'nfs',
  'rbd',
  'quobyte',
  'cephfs',
  'iscsi',
  'cinder',
  'fc',
  'flexVolume',
  'azureFile',
  'vsphereVolume',
  'photonPersistentDisk',
  'portworxVolume',
  'azureDisk',
  'scaleIO',
  'local',
  'storageos',
  'csi',
] as const

type SourceKind = (typeof kinds)[number]
export type VolumeSource = Pick<PersistentVolumeSpec, SourceKind>

/** The source alone, out of a spec. */
export const sourceOf = (spec: PersistentVolumeSpec): VolumeSource => Object.fromEntries(kinds.flatMap((kind) => (spec[kind] === undefined ? [] : [[kind, spec[kind]]])))

export function validateVolumeSources(spec: PersistentVolumeSpec, path: string, name: string): readonly FieldError[] {
  let found = 0
  const errors: FieldError[] = []
  for (const kind of kinds) {
    if (spec[kind] === undefined) continue
    if (found > 0 && kind !== 'flexVolume') {
      errors.push(forbidden(`${path}.${kind === 'cephfs' ? 'cephFS' : kind}`, 'may not specify more than 1 volume type'))
      continue
    }
    found++
    errors.push(...validateSource(kind, spec, { path, name }))
  }
  return found === 0 ? [...errors, required(path, 'must specify a volume type')] : errors
}

function validateSource(kind: SourceKind, spec: PersistentVolumeSpec, { path, name }: { readonly path: string; readonly name: string }): readonly FieldError[] {
  switch (kind) {
    case 'hostPath':
      return spec.hostPath ? validateHostPath(spec.hostPath, `${path}.hostPath`) : []
    case 'local':
      return [
        ...(spec.local?.path ? noBacksteps(`${path}.local.path`, spec.local.path) : [required(`${path}.local.path`)]),
        ...(spec.nodeAffinity?.required ? [] : [required(`${path}.nodeAffinity`, 'Local volume requires node affinity')]),
      ]
    case 'iscsi':
      return spec.iscsi ? validateIscsi(spec.iscsi, `${path}.iscsi`, name) : []
    case 'storageos':
      return spec.storageos ? validateStorageOs(spec.storageos, `${path}.storageos`, false) : []
    case 'csi':
      return spec.csi ? validateCsi(spec.csi, `${path}.csi`) : []
    default:
      // These say the same as volumes of pods do.
      return [...(diskChecks[kind]?.(spec as unknown as Volume, path) ?? []), ...extra(kind, spec, path)]
  }
}

function extra(kind: SourceKind, spec: PersistentVolumeSpec, path: string): readonly FieldError[] {
  if (kind === 'azureFile' && spec.azureFile?.secretNamespace === '') return [required(`${path}.azureFile.secretNamespace`)]
  if (kind === 'cinder' && spec.cinder?.secretRef) {
    return requiredText(`${path}.cinder.secretRef.namespace`, spec.cinder.secretRef.namespace)
  }
  const namespace = spec.glusterfs?.endpointsNamespace
  if (kind === 'glusterfs' && namespace !== undefined) {
    const field = `${path}.glusterfs.endpointsNamespace`
    return namespace === '' ? [invalid(field, namespace, 'if the endpointnamespace is set, it must be a valid namespace name')] : dnsLabel(field, namespace)
  }
  return []
}

function validateCsi(csi: CSIPersistentVolumeSource, path: string): readonly FieldError[] {
  const secrets = ['controllerPublishSecretRef', 'controllerExpandSecretRef', 'nodePublishSecretRef', 'nodeExpandSecretRef'] as const
  return [
    ...validateCsiDriverName(csi.driver ?? '', `${path}.driver`),
    ...requiredText(`${path}.volumeHandle`, csi.volumeHandle),
    ...secrets.flatMap((secret) => validateSecret(csi[secret], `${path}.${secret}`)),
  ]
}

function validateSecret(secret: SecretReference | undefined, path: string): readonly FieldError[] {
  if (!secret) return []
  return [
    ...(secret.name ? dnsSubdomain(`${path}.name`, secret.name) : [required(`${path}.name`)]),
    ...(secret.namespace ? dnsLabel(`${path}.namespace`, secret.namespace) : [required(`${path}.namespace`)]),
  ]
}
