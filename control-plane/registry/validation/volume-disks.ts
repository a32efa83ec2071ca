/** Volumes of networks and clouds: stored and checked as clients know them, whether or not a node can mount them. */
import { type FieldError, invalid, required, tooLong } from '../../../shared/model/field-error.ts'
import type { CSIVolumeSource, FCVolumeSource, ISCSIVolumeSource, Volume } from '../../../shared/model/gen/api.ts'
import { inclusiveRange } from '../../../shared/model/validation/numbers.ts'
import { dns1123SubdomainProblems } from '../../../shared/model/validation/names.ts'
import { dnsSubdomain, nonReservedPath, objections, requiredText } from './check.ts'

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

const IQN = /^iqn\.\d{4}-\d{2}\.([a-zA-Z0-9][-.a-zA-Z0-9]*)(:[^,;*&$|\s]+)?$/
const EUI = /^eui\.[a-zA-Z0-9]{16}$/
const NAA = /^naa\.([a-zA-Z0-9]{16}|[a-zA-Z0-9]{32})$/

function iqnProblem(iqn: string): string | undefined {
  const valid = iqn.startsWith('iqn') ? IQN : iqn.startsWith('eui') ? EUI : iqn.startsWith('naa') ? NAA : undefined
  if (!valid) return 'must be valid format starting with iqn, eui, or naa'
  return valid.test(iqn) ? undefined : 'must be valid format'
}

function validateIscsi(source: ISCSIVolumeSource, path: string): readonly FieldError[] {
  const errors: FieldError[] = [...requiredText(`${path}.targetPortal`, source.targetPortal)]
  const problem = source.iqn ? iqnProblem(source.iqn) : undefined
  if (!source.iqn) errors.push(required(`${path}.iqn`))
  else if (problem) errors.push(invalid(`${path}.iqn`, source.iqn, problem))
  const lun = source.lun ?? 0
  if (lun < 0 || lun > 255) errors.push(invalid(`${path}.lun`, lun, inclusiveRange(0, 255)))
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef) errors.push(required(`${path}.secretRef`))
  if (source.secretRef && !source.secretRef.name) errors.push(required(`${path}.secretRef.name`))
  if (source.initiatorName !== undefined) {
    const wrong = iqnProblem(source.initiatorName)
    if (wrong) errors.push(invalid(`${path}.initiatorname`, source.initiatorName, wrong))
  }
  return errors
}

function validateFc({ targetWWNs = [], wwids = [], lun }: FCVolumeSource, path: string): readonly FieldError[] {
  const either = 'must specify either targetWWNs or wwids, but not both'
  const errors: FieldError[] = targetWWNs.length === 0 && wwids.length === 0 ? [required(`${path}.targetWWNs`, either)] : []
  if (targetWWNs.length > 0 && wwids.length > 0) errors.push(invalid(`${path}.targetWWNs`, targetWWNs, either))
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
  const field = `${path}.nodePublishSecretRef.name`
  return [...validateCsiDriverName(driver ?? '', `${path}.driver`), ...(secret ? (secret.name ? dnsSubdomain(field, secret.name) : [required(field)]) : [])]
}

const absolute = (field: string, path: string): readonly FieldError[] => (path.startsWith('/') ? [] : [invalid(field, path, 'must be an absolute path')])

/** In the order in which Kubernetes looks for them; each answers `undefined` for a volume of another kind. */
export const diskChecks: Readonly<Record<string, Check>> = {
  gitRepo: ({ gitRepo }, path) => gitRepo && [...requiredText(`${path}.gitRepo.repository`, gitRepo.repository), ...nonReservedPath(`${path}.gitRepo.directory`, gitRepo.directory ?? '')],
  gcePersistentDisk: (volume, path) => volume.gcePersistentDisk && [...(needs('gcePersistentDisk', ['pdName'], 'persistentDisk')(volume, path) ?? []), ...partition(`${path}.persistentDisk.partition`, volume.gcePersistentDisk.partition)],
  awsElasticBlockStore: (volume, path) => volume.awsElasticBlockStore && [...(needs('awsElasticBlockStore', ['volumeID'])(volume, path) ?? []), ...partition(`${path}.awsElasticBlockStore.partition`, volume.awsElasticBlockStore.partition)],
  nfs: (volume, path) => volume.nfs && [...(needs('nfs', ['server', 'path'])(volume, path) ?? []), ...absolute(`${path}.nfs.path`, volume.nfs.path ?? '')],
  iscsi: ({ iscsi }, path) => iscsi && validateIscsi(iscsi, `${path}.iscsi`),
  glusterfs: needs('glusterfs', ['endpoints', 'path']),
  flocker: ({ flocker }, path) => {
    if (!flocker) return undefined
    if (!flocker.datasetName && !flocker.datasetUUID) return [required(`${path}.flocker`, 'one of datasetName and datasetUUID is required')]
    return flocker.datasetName && flocker.datasetUUID ? [invalid(`${path}.flocker`, 'resource', 'datasetName and datasetUUID can not be specified simultaneously')] : []
  },
  rbd: needs('rbd', ['monitors', 'image']),
  cinder: needs('cinder', ['volumeID']),
  cephfs: needs('cephfs', ['monitors']),
  quobyte: needs('quobyte', ['registry', 'volume']),
  fc: ({ fc }, path) => fc && validateFc(fc, `${path}.fc`),
  flexVolume: needs('flexVolume', ['driver']),
  azureFile: needs('azureFile', ['secretName', 'shareName']),
  vsphereVolume: needs('vsphereVolume', ['volumePath']),
  photonPersistentDisk: needs('photonPersistentDisk', ['pdID']),
  portworxVolume: needs('portworxVolume', ['volumeID']),
  azureDisk: needs('azureDisk', ['diskName', 'diskURI']),
  storageos: needs('storageos', ['volumeName']),
  scaleIO: needs('scaleIO', ['gateway', 'system', 'volumeName']),
  csi: ({ csi }, path) => csi && validateCsi(csi, `${path}.csi`),
}
