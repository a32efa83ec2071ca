import type { Ingress } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { ingressColumns, ingressRow } from './columns/networking.ts'
import { fillAbsent, mapMember, without } from './defaults/fill.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { keepOtherPart } from './updates/keep.ts'
import { validateIngressChange, validateNewIngress } from './validation/ingress.ts'
import { ingressWarnings } from './warnings/networking.ts'

export const ingress = defineKind<Ingress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  singular: 'ingress',
  shortNames: ['ing'],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.networking.v1.Ingress',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: defaultIngress,
  prepareForCreate: (object) => ({ ...object, status: { loadBalancer: {} } }),
  prepareForUpdate: (object, old, { subresource }) => keepOtherPart(object, old, subresource),
  validateCreate: validateNewIngress,
  validateUpdate: validateIngressChange,
  warnings: ingressWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: ingressColumns,
  row: ingressRow,
})

/** An empty list of rules is told from none only where both are wrong. */
function defaultIngress(object: Ingress): Ingress {
  const filled = fillAbsent(object, { spec: {}, status: {} })
  const spec = mapMember(filled, 'spec', (one) => (one.rules?.length === 0 && one.defaultBackend ? without(one, 'rules') : one))
  return mapMember(spec, 'status', (status) => fillAbsent(status, { loadBalancer: {} }))
}
