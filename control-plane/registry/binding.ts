import type { Binding } from '../../shared/model/gen/api.ts'
import { defineKind, nothingToValidate, unchanged } from './typed-kind.ts'

/** Puts a pod on a node: the older way to ask for what `pods/NAME/binding` does. */
export const binding = defineKind<Binding>({
  group: '',
  version: 'v1',
  kind: 'Binding',
  plural: 'bindings',
  singular: 'binding',
  shortNames: [],
  categories: [],
  namespaced: true,
  stored: false,
  schema: 'io.k8s.api.core.v1.Binding',
  verbs: ['create'],
  subresources: [],
  defaults: unchanged,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: nothingToValidate,
  validateUpdate: nothingToValidate,
  nameRule: 'path-segment',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: false,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: [],
  row: () => [],
})
