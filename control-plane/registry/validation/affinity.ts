import { type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import type { Affinity, NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodAffinity, PodAffinityTerm } from '../../../shared/model/gen/api.ts'
import { dns1123LabelProblems, dns1123SubdomainProblems, labelValueProblems } from '../../../shared/model/validation/names.ts'
import { validateLabelName } from '../../../shared/model/validation/object-meta.ts'
import { each, objections } from './check.ts'
import { validateLabelSelector, validateOperator } from './label-selector.ts'
import { validateLabelKeys } from './label-keys.ts'

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'

export function validateAffinity(affinity: Affinity | undefined, path: string): readonly FieldError[] {
  if (!affinity) return []
  return [
    ...(affinity.nodeAffinity ? validateNodeAffinity(affinity.nodeAffinity, `${path}.nodeAffinity`) : []),
    ...(affinity.podAffinity ? validatePodAffinity(affinity.podAffinity, `${path}.podAffinity`) : []),
    ...(affinity.podAntiAffinity ? validatePodAffinity(affinity.podAntiAffinity, `${path}.podAntiAffinity`) : []),
  ]
}

const validateWeight = (weight: number, path: string): readonly FieldError[] => (weight > 0 && weight <= 100 ? [] : [invalid(`${path}.weight`, weight, 'must be in the range 1-100')])

const validateNodeAffinity = (affinity: NodeAffinity, path: string): readonly FieldError[] => [
  ...(affinity[REQUIRED] ? validateNodeSelector(affinity[REQUIRED], `${path}.${REQUIRED}`) : []),
  ...each(affinity[PREFERRED], `${path}.${PREFERRED}`, (term, at) => [...validateWeight(term.weight ?? 0, at), ...validatePreference(term.preference ?? {}, `${at}.preference`)]),
]

/** Also what a PersistentVolume says of the nodes that can reach it. */
export function validateNodeSelector(selector: NodeSelector, path: string): readonly FieldError[] {
  const field = `${path}.nodeSelectorTerms`
  return selector.nodeSelectorTerms?.length ? each(selector.nodeSelectorTerms, field, validateTerm) : [required(field, 'must have at least one node selector term')]
}

const validateTerm = (term: NodeSelectorTerm, path: string): readonly FieldError[] => [
  ...each(term.matchExpressions, `${path}.matchExpressions`, (expression, at) => [...validateExpression(expression, at), ...each(expression.values, `${at}.values`, (value, valueAt) => objections(valueAt, value, labelValueProblems(value)))]),
  ...each(term.matchFields, `${path}.matchFields`, validateField),
]

/** As {@link validateTerm}; of values that no label can have there is a warning only. */
const validatePreference = (term: NodeSelectorTerm, path: string): readonly FieldError[] => [
  ...each(term.matchExpressions, `${path}.matchExpressions`, validateExpression),
  ...each(term.matchFields, `${path}.matchFields`, validateField),
]

function validateExpression({ key, operator, values = [] }: NodeSelectorRequirement, path: string): readonly FieldError[] {
  const compares = operator === 'Gt' || operator === 'Lt'
  const one = values.length === 1 ? [] : [required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'")]
  return [
    ...(compares ? one : validateOperator(operator, values, path)),
    ...validateLabelName(key ?? '', `${path}.key`),
  ]
}

function validateField({ key, operator, values = [] }: NodeSelectorRequirement, path: string): readonly FieldError[] {
  const errors: FieldError[] = []
  if (operator !== 'In' && operator !== 'NotIn') errors.push(invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator'))
  else if (values.length !== 1) errors.push(required(`${path}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"))
  if (key !== 'metadata.name') return [...errors, invalid(`${path}.key`, key ?? '', 'not a valid field selector key')]
  return [...errors, ...each(values, `${path}.values`, (value, at) => objections(at, value, dns1123SubdomainProblems(value)))]
}

const validatePodAffinity = (affinity: PodAffinity, path: string): readonly FieldError[] => [
  ...each(affinity[REQUIRED], `${path}.${REQUIRED}`, validatePodTerm),
  ...each(affinity[PREFERRED], `${path}.${PREFERRED}`, (term, at) => [...validateWeight(term.weight ?? 0, at), ...validatePodTerm(term.podAffinityTerm ?? { topologyKey: '' }, `${at}.podAffinityTerm`)]),
]

function validatePodTerm(term: PodAffinityTerm, path: string): readonly FieldError[] {
  const topologyKey = term.topologyKey ?? ''
  return [
    ...validateLabelSelector(term.labelSelector, `${path}.labelSelector`),
    ...validateLabelSelector(term.namespaceSelector, `${path}.namespaceSelector`),
    ...(term.namespaces ?? []).flatMap((name) => objections(`${path}.namespace`, name, dns1123LabelProblems(name))),
    ...validateLabelKeys(term, path),
    ...(topologyKey === '' ? [required(`${path}.topologyKey`, 'can not be empty')] : []),
    ...validateLabelName(topologyKey, `${path}.topologyKey`),
  ]
}
