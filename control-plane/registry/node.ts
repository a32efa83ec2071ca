import type { Node } from '../../shared/model/gen/api.ts'
import { nodeColumns, nodeRow } from './columns/node.ts'
import { defaultNode } from './defaults/node.ts'
import { defineKind, statusSubresource, storedVerbs, unchanged } from './typed-kind.ts'
import { keepOtherPart } from './updates/keep.ts'
import { validateNewNode, validateNodeChange } from './validation/node.ts'
import { nodeWarnings } from './warnings/node.ts'

export const node = defineKind<Node>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  singular: 'node',
  shortNames: ['no'],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.core.v1.Node',
  verbs: storedVerbs,
  subresources: [{ name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: 'NodeProxyOptions', behaviour: { kind: 'special' } }, statusSubresource],
  defaults: defaultNode,
  prepareForCreate: unchanged,
  prepareForUpdate: (object, old, { subresource }) => keepOtherPart(object, old, subresource),
  validateCreate: validateNewNode,
  validateUpdate: validateNodeChange,
  warnings: nodeWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  selectableFields: (object) => ({ 'spec.unschedulable': String(object.spec?.unschedulable ?? false) }),
  columns: nodeColumns,
  row: nodeRow,
})
