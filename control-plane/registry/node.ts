import type { Node } from '../../shared/model/gen/api.ts'
import { nodeColumns, nodeRow } from './columns/node.ts'
import { mapMember, without } from './defaults/fill.ts'
import { defaultNode } from './defaults/node.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
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
  prepareForCreate: withoutConfig,
  prepareForUpdate: (object, old, { subresource }) => keepOtherPart(withoutConfig(object), old, subresource),
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

/** Nodes are not configured through the API any more. */
function withoutConfig(object: Node): Node {
  return mapMember(mapMember(object, 'spec', (spec) => without(spec, 'configSource')), 'status', (status) => without(status, 'config'))
}
