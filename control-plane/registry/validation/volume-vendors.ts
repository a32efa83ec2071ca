/** What volumes of single vendors ask for beyond fields that must be there. */
import { type FieldError, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { AzureDiskVolumeSource, FlockerVolumeSource, QuobyteVolumeSource, StorageOSVolumeSource } from '../../../shared/model/gen/api.ts'
import { dnsLabel, oneOf, requiredText, sortedEntries } from './check.ts'

const HOST_PORTS = 'must be a host:port pair or multiple pairs separated by commas'
const TENANT_MAX = 64

/** Whether text is `host:port`, with an IPv6 host in brackets. */
const isHostPort = (text: string): boolean => /^(?:\[[^[\]]*\]|[^[\]:]*):[^[\]:]*$/.test(text)

export function validateQuobyte({ registry = '', tenant = '', volume }: Partial<QuobyteVolumeSource>, path: string): readonly FieldError[] {
  const ofRegistry =
    registry === ''
      ? [required(`${path}.registry`, HOST_PORTS)]
      : tenant.length > TENANT_MAX
        ? [required(`${path}.tenant`, 'must be a UUID and may not exceed a length of 64 characters')]
        : registry.split(',').flatMap((pair) => (isHostPort(pair) ? [] : [invalid(`${path}.registry`, registry, HOST_PORTS)]))
  return [...ofRegistry, ...requiredText(`${path}.volume`, volume)]
}

export function validateFlocker({ datasetName = '', datasetUUID = '' }: FlockerVolumeSource, path: string): readonly FieldError[] {
  const errors: FieldError[] = datasetName === '' && datasetUUID === '' ? [required(path, 'one of datasetName and datasetUUID is required')] : []
  if (datasetName !== '' && datasetUUID !== '') errors.push(invalid(path, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'))
  return datasetName.includes('/') ? [...errors, invalid(`${path}.datasetName`, datasetName, "must not contain '/'")] : errors
}

/** Options of the vendor's program may not be named as Kubernetes' own. */
export function validateFlexOptions(options: Readonly<Record<string, string>> | undefined, path: string): readonly FieldError[] {
  const isReserved = (key: string): boolean => /\.(?:kubernetes|k8s)\.io$/.test(`.${(key.split('/', 1)[0] ?? '').toLowerCase()}`)
  return sortedEntries(options).flatMap(([key]) => (isReserved(key) ? [invalid(`${path}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved')] : []))
}

const MANAGED_URI = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}'
const BLOB_URI = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'

export function validateAzureDisk({ diskName, diskURI = '', cachingMode, kind }: Partial<AzureDiskVolumeSource>, path: string): readonly FieldError[] {
  const errors: FieldError[] = [...requiredText(`${path}.diskName`, diskName), ...requiredText(`${path}.diskURI`, diskURI)]
  if (cachingMode !== undefined) errors.push(...oneOf(`${path}.cachingMode`, cachingMode, ['None', 'ReadOnly', 'ReadWrite']))
  if (kind === undefined) return errors
  errors.push(...oneOf(`${path}.kind`, kind, ['Dedicated', 'Managed', 'Shared']))
  const [start, form] = kind === 'Managed' ? ['/subscriptions/', MANAGED_URI] : ['https://', BLOB_URI]
  return diskURI.startsWith(start) ? errors : [...errors, notSupported(`${path}.diskURI`, diskURI, [form])]
}

/** @param inPod whether the secret stands in the pod's own namespace. */
export function validateStorageOs({ volumeName, volumeNamespace, secretRef }: StorageOSVolumeSource, path: string, inPod: boolean): readonly FieldError[] {
  const errors: FieldError[] = volumeName ? [...dnsLabel(`${path}.volumeName`, volumeName)] : [required(`${path}.volumeName`)]
  if (volumeNamespace) errors.push(...dnsLabel(`${path}.volumeNamespace`, volumeNamespace))
  return [...errors, ...validateSecretOf(secretRef, `${path}.secretRef`, inPod)]
}

/** A secret by name, and for volumes of no namespace by namespace, too. */
export function validateSecretOf(secret: { readonly name?: string | undefined; readonly namespace?: string | undefined } | undefined, path: string, inPod: boolean): readonly FieldError[] {
  if (!secret) return []
  return [...requiredText(`${path}.name`, secret.name), ...(inPod ? [] : requiredText(`${path}.namespace`, secret.namespace))]
}
