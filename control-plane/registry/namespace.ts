import type { Namespace } from '../../shared/model/gen/api.ts'
import { namespaceColumns, namespaceRow } from './columns/config.ts'
import { defaultNamespace } from './defaults/config.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { prepareChangedNamespace, prepareNewNamespace } from './updates/namespace.ts'
import { validateNamespaceChange, validateNewNamespace } from './validation/namespace.ts'

export const namespace = defineKind<Namespace>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  shortNames: ['ns'],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.core.v1.Namespace',
  verbs: storedVerbs.filter((verb) => verb !== 'deletecollection'),
  subresources: [{ name: 'finalize', verbs: ['update'], behaviour: { kind: 'part' } }, statusSubresource],
  defaults: defaultNamespace,
  prepareForCreate: prepareNewNamespace,
  prepareForUpdate: prepareChangedNamespace,
  validateCreate: validateNewNamespace,
  validateUpdate: validateNamespaceChange,
  nameRule: 'dns-label',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'object',
  defaultPropagation: 'Background',
  selectableFields: (object) => ({ 'status.phase': object.status?.phase ?? '' }),
  columns: namespaceColumns,
  row: namespaceRow,
})
