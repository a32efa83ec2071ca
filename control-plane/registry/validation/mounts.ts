import { type FieldError, forbidden, invalid, notFound, required } from '../../../shared/model/field-error.ts'
import type { Container, Volume, VolumeMount } from '../../../shared/model/gen/api.ts'
import { descendingPath, each, noBacksteps, oneOf } from './check.ts'

type Volumes = ReadonlyMap<string, Volume>

/** Where volumes appear in a container, as files and as block devices: no name or path twice, in neither way. */
export function validateMounts(container: Container, path: string, volumes: Volumes): readonly FieldError[] {
  const paths = new Set<string>()
  const devices = container.volumeDevices ?? []
  const list = `${path}.volumeMounts`
  return each(container.volumeMounts, list, (mount, at) => {
    const { name, mountPath } = mount
    const errors: FieldError[] = []
    if (name === '') errors.push(required(`${at}.name`))
    if (!volumes.has(name)) errors.push(notFound(`${at}.name`, name))
    if (mountPath === '') errors.push(required(`${at}.mountPath`))
    if (paths.has(mountPath)) errors.push(invalid(`${at}.mountPath`, mountPath, 'must be unique'))
    paths.add(mountPath)
    if (devices.some((device) => device.name === name)) errors.push(invalid(`${at}.name`, name, 'must not already exist in volumeDevices'))
    if (devices.some((device) => device.devicePath === mountPath)) errors.push(invalid(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'))
    return [...errors, ...validateSubPath(mount, list, at), ...validatePropagation(mount, container, list), ...validateRecursiveReadOnly(mount, `${list}.recursiveReadOnly`)]
  })
}

/** @param list Kubernetes names some of these fields without the index. */
function validateSubPath({ subPath, subPathExpr }: VolumeMount, list: string, at: string): readonly FieldError[] {
  const errors: FieldError[] = subPath ? [...descendingPath(`${list}.subPath`, subPath)] : []
  if (!subPathExpr) return errors
  if (subPath) errors.push(invalid(`${at}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive'))
  return [...errors, ...descendingPath(`${list}.subPathExpr`, subPathExpr)]
}

function validatePropagation({ mountPropagation }: VolumeMount, container: Container, list: string): readonly FieldError[] {
  if (mountPropagation === undefined) return []
  const field = `${list}.mountPropagation`
  const errors = [...oneOf(field, mountPropagation, ['Bidirectional', 'HostToContainer', 'None'])]
  if (mountPropagation === 'Bidirectional' && container.securityContext?.privileged !== true) errors.push(forbidden(field, 'Bidirectional mount propagation is available only to privileged containers'))
  return errors
}

function validateRecursiveReadOnly({ recursiveReadOnly, readOnly, mountPropagation }: VolumeMount, field: string): readonly FieldError[] {
  if (recursiveReadOnly === undefined || recursiveReadOnly === 'Disabled') return []
  if (recursiveReadOnly !== 'Enabled' && recursiveReadOnly !== 'IfPossible') return oneOf(field, recursiveReadOnly, ['Disabled', 'Enabled', 'IfPossible'])
  const errors: FieldError[] = readOnly ? [] : [forbidden(field, 'may only be specified when readOnly is true')]
  if (mountPropagation !== undefined && mountPropagation !== 'None') errors.push(forbidden(field, 'may only be specified when mountPropagation is None or not specified'))
  return errors
}

const isBlockSource = (volume: Volume): boolean => volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined

export function validateDevices(container: Container, path: string, volumes: Volumes): readonly FieldError[] {
  const names = new Set<string>()
  const paths = new Set<string>()
  const mounts = container.volumeMounts ?? []
  return each(container.volumeDevices, `${path}.volumeDevices`, ({ name, devicePath }, at) => {
    const errors: FieldError[] = name === '' ? [required(`${at}.name`)] : []
    const volume = volumes.get(name)
    if (names.has(name)) errors.push(invalid(`${at}.name`, name, 'must be unique'))
    if (!volume) errors.push(notFound(`${at}.name`, name))
    else if (!isBlockSource(volume)) errors.push(invalid(`${at}.name`, name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'))
    if (devicePath === '') errors.push(required(`${at}.devicePath`))
    if (paths.has(devicePath)) errors.push(invalid(`${at}.devicePath`, devicePath, 'must be unique'))
    if (noBacksteps(at, devicePath).length > 0) errors.push(invalid(`${at}.devicePath`, devicePath, "can not contain backsteps ('..')"))
    else paths.add(devicePath)
    if (mounts.some((mount) => mount.name === name)) errors.push(invalid(`${at}.name`, name, 'must not already exist in volumeMounts'))
    if (mounts.some((mount) => mount.mountPath === devicePath)) errors.push(invalid(`${at}.devicePath`, devicePath, 'must not already exist as a path in volumeMounts'))
    if (name !== '') names.add(name)
    return errors
  })
}
