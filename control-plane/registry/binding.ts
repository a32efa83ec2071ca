import type { Binding } from '../../shared/model/gen/api.ts'
import { defineKind, neverStored } from './typed-kind.ts'

/** Puts a pod on a node: the older way to ask for what `pods/NAME/binding` does. */
export const binding = defineKind<Binding>({
  ...neverStored,
  group: '',
  version: 'v1',
  kind: 'Binding',
  plural: 'bindings',
  singular: 'binding',
  shortNames: [],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Binding',
  verbs: ['create'],
  columns: [],
  row: () => [],
})
