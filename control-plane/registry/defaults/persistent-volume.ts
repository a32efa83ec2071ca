import type { PersistentVolume, PersistentVolumeClaim, PersistentVolumeSpec } from '../../../shared/model/gen/api.ts'
import { fillAbsent, fillZero, mapMember } from './fill.ts'
import { defaultResourceList } from './resources.ts'

export const defaultVolumeSpec = (spec: PersistentVolumeSpec): PersistentVolumeSpec => mapMember(fillAbsent(fillZero(defaultSource(spec), { persistentVolumeReclaimPolicy: 'Retain' }), { volumeMode: 'Filesystem' }), 'capacity', defaultResourceList)

function defaultSource(spec: PersistentVolumeSpec): PersistentVolumeSpec {
  const host = mapMember(spec, 'hostPath', (source) => fillAbsent(source, { type: '' }))
  const iscsi = mapMember(host, 'iscsi', (source) => fillZero(source, { iscsiInterface: 'default' }))
  const rbd = mapMember(iscsi, 'rbd', (source) => fillZero(source, { pool: 'rbd', user: 'admin', keyring: '/etc/ceph/keyring' }))
  const azure = mapMember(rbd, 'azureDisk', (source) => fillAbsent(source, { cachingMode: 'ReadWrite', kind: 'Shared', fsType: 'ext4', readOnly: false }))
  return mapMember(azure, 'scaleIO', (source) => fillZero(source, { storageMode: 'ThinProvisioned', fsType: 'xfs' }))
}

export const defaultPersistentVolume = (volume: PersistentVolume): PersistentVolume =>
  mapMember(mapMember(fillAbsent(volume, { spec: {}, status: {} }), 'spec', defaultVolumeSpec), 'status', (status) => fillZero(status, { phase: 'Pending' }))

export const defaultPersistentVolumeClaim = (claim: PersistentVolumeClaim): PersistentVolumeClaim =>
  mapMember(
    mapMember(fillAbsent(claim, { spec: {}, status: {} }), 'spec', (spec) =>
      mapMember(fillAbsent(spec, { resources: {}, volumeMode: 'Filesystem' }), 'resources', (resources) => mapMember(mapMember(resources, 'limits', defaultResourceList), 'requests', defaultResourceList)),
    ),
    'status',
    (status) => mapMember(fillZero(status, { phase: 'Pending' }), 'capacity', defaultResourceList),
  )
