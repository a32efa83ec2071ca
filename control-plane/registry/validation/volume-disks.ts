/** Volumes of networks and clouds: stored and checked as clients know them, whether or not a node can mount them. */
import { type FieldError, invalid, required, tooLong } from '../../../shared/model/field-error.ts'
import type { CSIVolumeSource, FCVolumeSource, ISCSIVolumeSource, Volume } from '../../../shared/model/gen/api.ts'
import { inclusiveRange } from '../../../shared/model/validation/numbers.ts'
import { dns1123SubdomainProblems } from '../../../shared/model/validation/names.ts'
import { descendingPath, dnsSubdomain, objections, requiredText } from './check.ts'
import { validateAzureDisk, validateFlexOptions, validateFlocker, validateQuobyte, validateSecretOf, validateStorageOs } from './volume-vendors.ts'

type Check = (volume: Volume, path: string) => readonly FieldError[] | undefined

/** A kind of which only some texts (or lists) must be there. `at` is the field that errors name, where it is another. */
const needs =
  <K extends keyof Volume>(kind: K, names: ReadonlyArray<keyof NonNullable<Volume[K]> & string>, at: string = kind): Check =>
  (volume, path) => {
    const source = volume[kind]
    if (source === undefined || typeof source !== 'object') return undefined
    return names.flatMap((name) => {
      const value = (source as Readonly<Record<string, unknown>>)[name]
      return value === undefined || value === '' || (Array.isArray(value) && value.length === 0) ? [required(`${path}.${at}.${name}`)] : []
    })
  }

const PARTITION_MAX = 255
const partition = (field: string, value: number | undefined): readonly FieldError[] => (value !== undefined && (value < 0 || value > PARTITION_MAX) ? [invalid(field, value, inclusiveRange(1, PARTITION_MAX))] : [])

const IQN = /iqn\.\d{4}-\d{2}\.[a-zA-Z0-9.-]+:[^,;*&$|\s]+$/
const EUI = /^eui.[a-zA-Z0-9]{16}$/
const NAA = /^naa.[a-zA-Z0-9]{32}$/
const MAX_INITIATED = 64
const TOO_LONG_INITIATED = 'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.'

function iqnProblem(iqn: string, inPod: boolean): string | undefined {
  const valid = iqn.startsWith('iqn') ? IQN : iqn.startsWith('eui') ? EUI : iqn.startsWith('naa') ? NAA : undefined
  if (!valid) return inPod ? 'must be valid format starting with iqn, eui, or naa' : 'must be valid format'
  return valid.test(iqn) ? undefined : 'must be valid format'
}

/** Names of volumes become parts of those of initiators. */
export const initiatedTooLong = (name: string, iscsi: ISCSIVolumeSource | undefined, at: readonly [field: string, value: string]): readonly FieldError[] =>
  iscsi?.initiatorName !== undefined && `${name}:${iscsi.targetPortal}`.length > MAX_INITIATED ? [invalid(at[0], at[1], TOO_LONG_INITIATED)] : []

/** @param volume its name, where it is an object of its own. */
export function validateIscsi(source: ISCSIVolumeSource, path: string, volume?: string): readonly FieldError[] {
  const inPod = volume === undefined
  const errors: FieldError[] = [...requiredText(`${path}.targetPortal`, source.targetPortal)]
  if (!inPod) errors.push(...initiatedTooLong(volume, source, [`${path}.targetportal`, source.targetPortal]))
  const problem = source.iqn ? iqnProblem(source.iqn, inPod) : undefined
  if (!source.iqn) errors.push(required(`${path}.iqn`))
  else if (problem) errors.push(invalid(`${path}.iqn`, source.iqn, problem))
  const lun = source.lun ?? 0
  if (lun < 0 || lun > 255) errors.push(invalid(`${path}.lun`, lun, inclusiveRange(0, 255)))
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef) errors.push(required(`${path}.secretRef`))
  if (!inPod && source.secretRef && !source.secretRef.name) errors.push(required(`${path}.secretRef.name`))
  if (source.initiatorName !== undefined) {
    const wrong = iqnProblem(source.initiatorName, inPod)
    if (wrong) errors.push(invalid(`${path}.initiatorname`, source.initiatorName, wrong))
  }
  return errors
}

function validateFc({ targetWWNs = [], wwids = [], lun }: FCVolumeSource, path: string): readonly FieldError[] {
  const errors: FieldError[] = targetWWNs.length === 0 && wwids.length === 0 ? [required(`${path}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both')] : []
  if (targetWWNs.length > 0 && wwids.length > 0) errors.push(invalid(`${path}.targetWWNs`, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'))
  if (targetWWNs.length === 0) return errors
  if (lun === undefined) errors.push(required(`${path}.lun`, 'lun is required if targetWWNs is specified'))
  else if (lun < 0 || lun > 255) errors.push(invalid(`${path}.lun`, lun, inclusiveRange(0, 255)))
  return errors
}

const DRIVER_NAME_MAX = 63

export function validateCsiDriverName(name: string, field: string): readonly FieldError[] {
  if (name === '') return [required(field)]
  return [...(name.length > DRIVER_NAME_MAX ? [tooLong(field, DRIVER_NAME_MAX)] : []), ...objections(field, name, dns1123SubdomainProblems(name.toLowerCase()))]
}

function validateCsi({ driver, nodePublishSecretRef: secret }: CSIVolumeSource, path: string): readonly FieldError[] {
  const ofSecret = !secret ? [] : secret.name ? dnsSubdomain(`${path}.name`, secret.name) : [required(`${path}.nodePublishSecretRef.name`)]
  return [...validateCsiDriverName(driver ?? '', `${path}.driver`), ...ofSecret]
}

const absolute = (field: string, path: string): readonly FieldError[] => (path.startsWith('/') ? [] : [invalid(field, path, 'must be an absolute path')])

/** In the order in which Kubernetes looks for them; each answers `undefined` for a volume of another kind. */
export const diskChecks: Readonly<Record<string, Check>> = {
  gitRepo: ({ gitRepo }, path) => gitRepo && [...requiredText(`${path}.gitRepo.repository`, gitRepo.repository), ...descendingPath(`${path}.gitRepo.directory`, gitRepo.directory ?? '')],
  gcePersistentDisk: (volume, path) => volume.gcePersistentDisk && [...(needs('gcePersistentDisk', ['pdName'], 'persistentDisk')(volume, path) ?? []), ...partition(`${path}.persistentDisk.partition`, volume.gcePersistentDisk.partition)],
  awsElasticBlockStore: (volume, path) => volume.awsElasticBlockStore && [...(needs('awsElasticBlockStore', ['volumeID'])(volume, path) ?? []), ...partition(`${path}.awsElasticBlockStore.partition`, volume.awsElasticBlockStore.partition)],
  nfs: (volume, path) => volume.nfs && [...(needs('nfs', ['server', 'path'])(volume, path) ?? []), ...absolute(`${path}.nfs.path`, volume.nfs.path ?? '')],
  iscsi: ({ iscsi }, path) => iscsi && validateIscsi(iscsi, `${path}.iscsi`),
  glusterfs: needs('glusterfs', ['endpoints', 'path']),
  flocker: ({ flocker }, path) => flocker && validateFlocker(flocker, `${path}.flocker`),
  rbd: needs('rbd', ['monitors', 'image']),
  cinder: (volume, path) => volume.cinder && [...(needs('cinder', ['volumeID'])(volume, path) ?? []), ...validateSecretOf(volume.cinder.secretRef, `${path}.cinder.secretRef`, true)],
  cephfs: needs('cephfs', ['monitors']),
  quobyte: ({ quobyte }, path) => quobyte && validateQuobyte(quobyte, `${path}.quobyte`),
  fc: ({ fc }, path) => fc && validateFc(fc, `${path}.fc`),
  flexVolume: (volume, path) => volume.flexVolume && [...(needs('flexVolume', ['driver'])(volume, path) ?? []), ...validateFlexOptions(volume.flexVolume.options, `${path}.flexVolume`)],
  azureFile: needs('azureFile', ['secretName', 'shareName']),
  vsphereVolume: needs('vsphereVolume', ['volumePath']),
  photonPersistentDisk: needs('photonPersistentDisk', ['pdID']),
  portworxVolume: needs('portworxVolume', ['volumeID']),
  azureDisk: ({ azureDisk }, path) => azureDisk && validateAzureDisk(azureDisk, `${path}.azureDisk`),
  storageos: ({ storageos }, path) => storageos && validateStorageOs(storageos, `${path}.storageos`, true),
  scaleIO: needs('scaleIO', ['gateway', 'system', 'volumeName']),
  csi: ({ csi }, path) => csi && validateCsi(csi, `${path}.csi`),
}
