import type { CSINode } from '../../shared/model/gen/api.ts'
import { csiNodeColumns, csiNodeRow } from './columns/storage.ts'
import { fillAbsent } from './defaults/fill.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateCsiNodeChange, validateNewCsiNode } from './validation/csi.ts'

/** The CSI drivers that run on a node. */
export const csiNode = defineKind<CSINode>({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSINode',
  plural: 'csinodes',
  singular: 'csinode',
  shortNames: [],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.storage.v1.CSINode',
  verbs: storedVerbs,
  subresources: [],
  // Printed even when nobody named any driver.
  defaults: (object) => fillAbsent(object, { spec: { drivers: null } as unknown as CSINode['spec'] }),
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateNewCsiNode,
  validateUpdate: validateCsiNodeChange,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: false,
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  columns: csiNodeColumns,
  row: csiNodeRow,
})
