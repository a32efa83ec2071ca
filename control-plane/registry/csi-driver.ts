import type { CSIDriver } from '../../shared/model/gen/api.ts'
import { deepEqual, wholeNumber } from '../../shared/model/json.ts'
import { csiDriverColumns, csiDriverRow } from './columns/storage.ts'
import { fillAbsent, without } from './defaults/fill.ts'
import { defineKind, storedVerbs } from './typed-kind.ts'
import { validateCsiDriverChange, validateNewCsiDriver } from './validation/csi.ts'

export const csiDriver = defineKind<CSIDriver>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  singular: 'csidriver',
  shortNames: [],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.storage.v1.CSIDriver',
  verbs: storedVerbs,
  subresources: [],
  defaults: defaultDriver,
  prepareForCreate: withoutDisabled,
  prepareForUpdate: (object, old) => withGeneration(withoutDisabled(object), old),
  validateCreate: validateNewCsiDriver,
  validateUpdate: validateCsiDriverChange,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: false,
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  columns: csiDriverColumns,
  row: csiDriverRow,
})

function defaultDriver(object: CSIDriver): CSIDriver {
  const spec = fillAbsent(object.spec ?? {}, { attachRequired: true, podInfoOnMount: false, storageCapacity: false, fsGroupPolicy: 'ReadWriteOnceWithFSType', requiresRepublish: false, seLinuxMount: false })
  return { ...object, spec: (spec.volumeLifecycleModes ?? []).length > 0 ? spec : { ...spec, volumeLifecycleModes: ['Persistent'] } }
}

/** Not switched on in 1.36 by default. */
function withoutDisabled(object: CSIDriver): CSIDriver {
  return { ...object, spec: without(object.spec, 'preventPodSchedulingIfMissing') }
}

/** A driver has no generation until its spec changes, but for one that its client chose: it may be any of 64 bits, and goes round after the last. */
function withGeneration(object: CSIDriver, old: CSIDriver): CSIDriver {
  if (deepEqual(object.spec, old.spec)) return object
  const generation = wholeNumber(BigInt.asIntN(64, BigInt(old.metadata.generation ?? 0) + 1n)) as number
  return { ...object, metadata: { ...object.metadata, generation } }
}
