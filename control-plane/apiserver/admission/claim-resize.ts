import type { PersistentVolumeClaim, StorageClass } from '../../../shared/model/gen/api.ts'
import { compareQuantities } from '../../../shared/model/quantity.ts'
import { amountsOf } from '../../registry/resource-list.ts'
import { isCore, type AdmissionPlugin } from './plugin.ts'
import { forbid } from './refuse.ts'
import { findObject, storageClassesResource, type AdmissionSources } from './sources.ts'

const sizeOf = (claim: PersistentVolumeClaim): string | undefined => amountsOf(claim.spec?.resources?.requests)['storage']

/** A claim grows only if it is bound, and if its class says that its volumes can. */
export const claimResize = (sources: AdmissionSources): AdmissionPlugin => ({
  name: 'PersistentVolumeClaimResize',
  resources: ['/persistentvolumeclaims'],
  async validate(request) {
    if (request.operation !== 'UPDATE' || !request.old || !isCore(request, 'persistentvolumeclaims') || request.subresource !== '') return
    const [claim, old] = [request.object, request.old] as unknown as readonly [PersistentVolumeClaim, PersistentVolumeClaim]
    if (compareQuantities(sizeOf(claim), sizeOf(old)) <= 0) return
    if (old.status?.phase !== 'Bound') throw forbid(request, 'Only bound persistent volume claims can be expanded')
    const name = claim.metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? claim.spec?.storageClassName ?? ''
    const found = name === '' ? undefined : ((await findObject(sources, storageClassesResource, { namespace: '', name, signal: request.call.signal })) as unknown as StorageClass | undefined)
    if (found?.allowVolumeExpansion !== true) throw forbid(request, 'only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize')
  },
})
