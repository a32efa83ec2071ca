import type { IngressClass } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { ingressClassColumns, ingressClassRow } from './columns/networking.ts'
import { fillAbsent, mapMember } from './defaults/fill.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateIngressClassChange, validateNewIngressClass } from './validation/ingress-class.ts'

export const ingressClass = defineKind<IngressClass>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  singular: 'ingressclass',
  shortNames: [],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.networking.v1.IngressClass',
  verbs: storedVerbs,
  subresources: [],
  defaults: (object) => mapMember(fillAbsent(object, { spec: {} }), 'spec', (spec) => mapMember(spec, 'parameters', (parameters) => fillAbsent(parameters, { scope: 'Cluster' }))),
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateNewIngressClass,
  validateUpdate: validateIngressClassChange,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: ingressClassColumns,
  row: ingressClassRow,
})
