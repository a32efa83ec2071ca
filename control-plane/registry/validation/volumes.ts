import { duplicate, type FieldError, forbidden, invalid, required } from '../../../shared/model/field-error.ts'
import type { HostPathVolumeSource, ObjectMeta, Volume } from '../../../shared/model/gen/api.ts'
import { compareQuantities } from '../../../shared/model/quantity.ts'
import { dns1123SubdomainProblems } from '../../../shared/model/validation/names.ts'
import { dnsLabel, each, fileMode, noBacksteps, oneOf, requiredOneOf, requiredText } from './check.ts'
import { validateClaimTemplate } from './volume-claim.ts'
import { diskChecks, initiatedTooLong } from './volume-disks.ts'
import { validateDownwardFile, validateKeyedVolume, validateProjectedVolume } from './volume-files.ts'

const NONE: readonly FieldError[] = []

/** @param isPod whether it is a pod's own volume, not one of a template. */
type Check = (volume: Volume, path: string, isPod: boolean) => readonly FieldError[] | undefined

const hostPathTypes = ['', 'BlockDevice', 'CharDevice', 'Directory', 'DirectoryOrCreate', 'File', 'FileOrCreate', 'Socket'] as const

export function validateHostPath({ path: file, type }: HostPathVolumeSource, path: string): readonly FieldError[] {
  if (!file) return [required(`${path}.path`)]
  return [...noBacksteps(`${path}.path`, file), ...(type === undefined ? [] : oneOf(`${path}.type`, type, hostPathTypes))]
}

const disk = (name: string): Check => diskChecks[name] ?? (() => undefined)

/** Every kind of volume, in the order in which Kubernetes looks for them. */
const checks: ReadonlyArray<readonly [name: keyof Volume, check: Check]> = [
  ['emptyDir', ({ emptyDir }, path) => emptyDir && (compareQuantities(String(emptyDir.sizeLimit ?? '0'), '0') < 0 ? [forbidden(`${path}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity')] : [])],
  ['hostPath', ({ hostPath }, path) => hostPath && validateHostPath(hostPath, `${path}.hostPath`)],
  ['gitRepo', disk('gitRepo')],
  ['gcePersistentDisk', disk('gcePersistentDisk')],
  ['awsElasticBlockStore', disk('awsElasticBlockStore')],
  ['secret', ({ secret }, path) => secret && validateKeyedVolume(secret, `${path}.secret`, { field: 'secretName', value: secret.secretName })],
  ['nfs', disk('nfs')],
  ['iscsi', disk('iscsi')],
  ['glusterfs', disk('glusterfs')],
  ['flocker', disk('flocker')],
  ['persistentVolumeClaim', ({ persistentVolumeClaim: claim }, path) => claim && requiredText(`${path}.persistentVolumeClaim.claimName`, claim.claimName)],
  ['rbd', disk('rbd')],
  ['cinder', disk('cinder')],
  ['cephfs', disk('cephfs')],
  ['quobyte', disk('quobyte')],
  ['downwardAPI', ({ downwardAPI }, path) => downwardAPI && [...fileMode(`${path}.downwardAPI.defaultMode`, downwardAPI.defaultMode), ...(downwardAPI.items ?? []).flatMap((file) => validateDownwardFile(file, `${path}.downwardAPI`))]],
  ['fc', disk('fc')],
  ['flexVolume', disk('flexVolume')],
  ['configMap', ({ configMap }, path) => configMap && validateKeyedVolume(configMap, `${path}.configMap`, { field: 'name', value: configMap.name })],
  ['azureFile', disk('azureFile')],
  ['vsphereVolume', disk('vsphereVolume')],
  ['photonPersistentDisk', disk('photonPersistentDisk')],
  ['portworxVolume', disk('portworxVolume')],
  ['azureDisk', disk('azureDisk')],
  ['storageos', disk('storageos')],
  ['projected', ({ projected }, path) => projected && validateProjectedVolume(projected, `${path}.projected`)],
  ['scaleIO', disk('scaleIO')],
  ['csi', disk('csi')],
  ['ephemeral', ({ ephemeral }, path) => ephemeral && (ephemeral.volumeClaimTemplate ? validateClaimTemplate(ephemeral.volumeClaimTemplate, `${path}.ephemeral.volumeClaimTemplate`) : [required(`${path}.ephemeral.volumeClaimTemplate`)])],
  ['image', ({ image }, path, isPod) => image && [...(isPod ? requiredText(`${path}.image.reference`, image.reference) : []), ...requiredOneOf(`${path}.image.pullPolicy`, image.pullPolicy, ['Always', 'IfNotPresent', 'Never'])]],
]

/** The fields of a volume that a second kind is refused under, where they are named otherwise than in the API. */
const otherNames: Readonly<Record<string, string>> = { cephfs: 'cephFS', downwardAPI: 'downwarAPI' }

/** A claim that an ephemeral volume makes is named after the pod and the volume. */
function ephemeralClaimName({ name, ephemeral }: Volume, meta: ObjectMeta | undefined, path: string): readonly FieldError[] {
  if (!ephemeral || !meta?.name || !name) return []
  const claim = `${meta.name}-${name}`
  return dns1123SubdomainProblems(claim).map((problem) => invalid(`${path}.name`, name, `PVC name ${JSON.stringify(claim)}: ${problem}`))
}

/** What the volumes are volumes of. */
export interface VolumesOwner {
  readonly meta: ObjectMeta | undefined
  readonly isPod: boolean
}

function validateSource(volume: Volume, path: string, { meta, isPod }: VolumesOwner): readonly FieldError[] {
  let found = false
  const errors = checks.flatMap(([name, check]) => {
    if (volume[name] === undefined) return NONE
    const own = check(volume, path, isPod)
    if (own === undefined) return NONE
    if (found) return [forbidden(`${path}.${otherNames[name] ?? name}`, 'may not specify more than 1 volume type')]
    found = true
    return name === 'ephemeral' ? [...own, ...ephemeralClaimName(volume, meta, path)] : name === 'iscsi' ? [...own, ...initiatedTooLong(volume.name, volume.iscsi, [`${path}.name`, volume.name])] : own
  })
  return found ? errors : [...errors, required(path, 'must specify a volume type')]
}

export interface ValidatedVolumes {
  readonly errors: readonly FieldError[]
  /** Those without errors, by name. */
  readonly sound: ReadonlyMap<string, Volume>
}

export function validateVolumes(volumes: readonly Volume[] | undefined, owner: VolumesOwner, path: string): ValidatedVolumes {
  const { meta } = owner
  const sound = new Map<string, Volume>()
  const created = new Set((volumes ?? []).filter((one) => one.ephemeral && meta?.name).map((one) => `${meta?.name}-${one.name}`))
  const errors = each(volumes, path, (volume, at) => {
    const name = volume.name ?? ''
    const own = [...validateSource(volume, at, owner), ...(name === '' ? [required(`${at}.name`)] : dnsLabel(`${at}.name`, name)), ...(sound.has(name) ? [duplicate(`${at}.name`, name)] : [])]
    if (own.length === 0) sound.set(name, volume)
    const claim = volume.persistentVolumeClaim?.claimName
    return claim !== undefined && created.has(claim) ? [...own, invalid(`${at}.persistentVolumeClaim.claimName`, claim, 'must not reference a PVC that gets created for an ephemeral volume')] : own
  })
  return { errors, sound }
}
