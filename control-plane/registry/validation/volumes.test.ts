import { describe, expect, test } from 'vitest'
import { fieldErrorText } from '../../../shared/model/field-error.ts'
import type { PersistentVolume, PersistentVolumeClaimSpec, VolumeAttachment, Volume } from '../../../shared/model/gen/api.ts'
import { validateNewPersistentVolume } from './persistent-volume.ts'
import { validateNewVolumeAttachment } from './volume-attachment.ts'
import { validateClaimSpec } from './volume-claim.ts'
import { validateVolumes } from './volumes.ts'

const ofPod = (volume: object, pod = 'p'): readonly string[] => validateVolumes([{ name: 'v', ...volume } as Volume], { meta: { name: pod }, isPod: true }, 'spec.volumes').errors.map(fieldErrorText)
const ofVolume = (spec: object): readonly string[] =>
  validateNewPersistentVolume({ metadata: { name: 'pv' }, spec: { accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, ...spec } } as PersistentVolume).map(fieldErrorText)

describe('volumes of single vendors', () => {
  test.each<readonly [object, readonly string[]]>([
    [{ quobyte: { volume: 'a' } }, ['quobyte.registry: Required value: must be a host:port pair or multiple pairs separated by commas']],
    [{ quobyte: { registry: 'a:1,b', volume: 'a' } }, ['quobyte.registry: Invalid value: "a:1,b": must be a host:port pair or multiple pairs separated by commas']],
    [{ flocker: { datasetName: 'a/b' } }, [`flocker.datasetName: Invalid value: "a/b": must not contain '/'`]],
    [{ flexVolume: { driver: 'd', options: { 'x.k8s.io/a': 'b', 'k8s.io.example/a': 'b' } } }, ['flexVolume.options[x.k8s.io/a]: Invalid value: "x.k8s.io/a": kubernetes.io and k8s.io namespaces are reserved']],
    [{ azureDisk: { diskName: 'a', diskURI: 'http://x', kind: 'Shared' } }, ['azureDisk.diskURI: Unsupported value: "http://x": supported values: "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"']],
    [{ storageos: { volumeName: 'v', secretRef: {} } }, ['storageos.secretRef.name: Required value']],
    [{ cinder: { volumeID: 'v', secretRef: {} } }, ['cinder.secretRef.name: Required value']],
    [{ fc: { targetWWNs: ['a'], wwids: ['b'], lun: 1 } }, ['fc.targetWWNs: Invalid value: ["a"]: targetWWNs and wwids can not be specified simultaneously']],
    [{ csi: { driver: 'd', nodePublishSecretRef: { name: '-' } } }, ['csi.name: Invalid value: "-"']],
    [{ gitRepo: { repository: 'r', directory: '..a' } }, []],
    [{ iscsi: { targetPortal: 'p', iqn: 'iqn.2001-04.com.example', lun: 0 } }, ['iscsi.iqn: Invalid value: "iqn.2001-04.com.example": must be valid format']],
  ])('%j', (volume, expected) => {
    const errors = ofPod(volume)
    expect(errors).toHaveLength(expected.length)
    for (const [index, text] of expected.entries()) expect(errors[index]).toContain(`spec.volumes[0].${text}`)
  })
})

test('the claim of an ephemeral volume has a name that a claim may have', () => {
  const ephemeral = { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } } }
  expect(ofPod({ ephemeral })).toEqual([])
  expect(ofPod({ ephemeral }, 'p'.repeat(252))).toEqual([`spec.volumes[0].name: Invalid value: "v": PVC name "${'p'.repeat(252)}-v": must be no more than 253 characters`])
})

test('an initiator is named after the volume and the portal, so these are short', () => {
  const iscsi = { targetPortal: 'p'.repeat(63), iqn: 'iqn.2001-04.com.example:x', lun: 0, initiatorName: 'iqn.2001-04.com.example:y' }
  expect(ofPod({ iscsi })).toEqual([expect.stringContaining('spec.volumes[0].name: Invalid value: "v": Total length of')])
  expect(ofVolume({ iscsi })).toEqual([expect.stringContaining('spec.iscsi.targetportal: Invalid value')])
})

test('a local volume says on which nodes it is', () => {
  expect(ofVolume({ local: { path: '/x' } })).toEqual(['spec.nodeAffinity: Required value: Local volume requires node affinity'])
})

test('a mode that does not exist is not mixed with ReadWriteOncePod', () => {
  const modes = (...accessModes: readonly string[]): readonly string[] => validateClaimSpec({ accessModes, resources: { requests: { storage: '1' } } } as PersistentVolumeClaimSpec, 'spec').map(fieldErrorText)
  expect(modes('ReadWriteOncePod', 'ReadWriteOncePod')).toEqual([])
  expect(modes('ReadWriteOncePod', 'Foo')).toHaveLength(1)
  expect(modes('ReadWriteOncePod', 'ReadWriteOnce')).toHaveLength(1)
})

test('a volume that stands in an attachment has no life and no place of its own', () => {
  const inline = { accessModes: ['ReadWriteOnce'], csi: { driver: 'd.example', volumeHandle: 'h' }, persistentVolumeReclaimPolicy: 'Delete', storageClassName: 'c', volumeMode: 'Block', nodeAffinity: {} }
  const attachment = { metadata: { name: 'a' }, spec: { attacher: 'd.example', nodeName: 'n', source: { inlineVolumeSpec: inline } } } as VolumeAttachment
  expect(validateNewVolumeAttachment(attachment).map(({ field }) => field)).toEqual(['persistentVolumeReclaimPolicy', 'nodeAffinity', 'storageClassName', 'volumeMode'].map((name) => `spec.source.inlineVolumeSpec.${name}`))
})
