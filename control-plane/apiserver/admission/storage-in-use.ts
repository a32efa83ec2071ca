import { withMeta } from '../core/stored.ts'
import { finalizersOf } from '../core/finalizers.ts'
import type { AdmissionPlugin } from './plugin.ts'

/** By `group/plural`: who takes it away again is a controller that knows whether the object is used. */
const finalizers: Readonly<Record<string, string>> = {
  '/persistentvolumes': 'kubernetes.io/pv-protection',
  '/persistentvolumeclaims': 'kubernetes.io/pvc-protection',
  'storage.k8s.io/volumeattributesclasses': 'kubernetes.io/vac-protection',
}

/** Volumes and claims stay as long as somebody uses them. */
export const storageInUse: AdmissionPlugin = {
  name: 'StorageObjectInUseProtection',
  resources: Object.keys(finalizers),
  mutate({ operation, store, subresource, object }) {
    const finalizer = finalizers[`${store.definition.group}/${store.definition.plural}`]
    if (operation !== 'CREATE' || subresource !== '' || finalizer === undefined) return object
    const before = finalizersOf(object)
    return before.includes(finalizer) ? object : withMeta(object, { finalizers: [...before, finalizer] })
  },
}
