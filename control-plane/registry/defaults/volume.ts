import type { DownwardAPIVolumeFile, ProjectedVolumeSource, Volume, VolumeProjection } from '../../../shared/model/gen/api.ts'
import { defaultFieldRef, defaultResourceFieldRef } from './env.ts'
import { fillAbsent, fillZero, mapItems, mapMember } from './fill.ts'
import { defaultPullPolicy } from './image.ts'
import { defaultRequirements } from './resources.ts'

/** 0644 */
const FILE_MODE = 420
const TOKEN_SECONDS = 3600

/** A volume that names no source is an empty directory. */
export function defaultVolume(volume: Volume): Volume {
  const hasSource = Object.keys(volume).some((key) => key !== 'name' && volume[key as keyof Volume] !== undefined)
  return hasSource ? defaultFileVolume(defaultDiskVolume(volume)) : { ...volume, emptyDir: {} }
}

function defaultFileVolume(volume: Volume): Volume {
  const secret = mapMember(volume, 'secret', (source) => fillAbsent(source, { defaultMode: FILE_MODE }))
  const configMap = mapMember(secret, 'configMap', (source) => fillAbsent(source, { defaultMode: FILE_MODE }))
  const downward = mapMember(configMap, 'downwardAPI', (source) => mapItems(fillAbsent(source, { defaultMode: FILE_MODE }), 'items', defaultDownwardFile))
  return mapMember(downward, 'projected', defaultProjected)
}

const defaultDownwardFile = (file: DownwardAPIVolumeFile): DownwardAPIVolumeFile => mapMember(mapMember(file, 'fieldRef', defaultFieldRef), 'resourceFieldRef', defaultResourceFieldRef)

const defaultProjected = (source: ProjectedVolumeSource): ProjectedVolumeSource => mapItems(fillAbsent(source, { defaultMode: FILE_MODE }), 'sources', defaultProjection)

function defaultProjection(projection: VolumeProjection): VolumeProjection {
  const token = mapMember(projection, 'serviceAccountToken', (source) => fillAbsent(source, { expirationSeconds: TOKEN_SECONDS }))
  const downward = mapMember(token, 'downwardAPI', (source) => mapItems(source, 'items', defaultDownwardFile))
  return mapMember(downward, 'podCertificate', (source) => fillAbsent(source, { maxExpirationSeconds: 86_400 }))
}

function defaultDiskVolume(volume: Volume): Volume {
  const host = mapMember(volume, 'hostPath', (source) => fillAbsent(source, { type: '' }))
  const image = mapMember(host, 'image', (source) => fillZero(source, { pullPolicy: defaultPullPolicy(source.reference) }))
  const iscsi = mapMember(image, 'iscsi', (source) => fillZero(source, { iscsiInterface: 'default' }))
  const rbd = mapMember(iscsi, 'rbd', (source) => fillZero(source, { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' }))
  const azure = mapMember(rbd, 'azureDisk', (source) => fillAbsent(source, { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false }))
  const scaleIo = mapMember(azure, 'scaleIO', (source) => fillZero(source, { storageMode: 'ThinProvisioned', fsType: 'xfs' }))
  return mapMember(scaleIo, 'ephemeral', (source) =>
    mapMember(source, 'volumeClaimTemplate', (template) =>
      mapMember(template, 'spec', (spec) => mapMember(fillAbsent(spec, { volumeMode: 'Filesystem', resources: {} }), 'resources', defaultRequirements)),
    ),
  )
}
