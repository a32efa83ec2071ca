import { type FieldError, forbidden, invalid, required, tooLong } from '../../../shared/model/field-error.ts'
import type { IngressClass, IngressClassParametersReference } from '../../../shared/model/gen/api.ts'
import { dns1123SubdomainProblems, patternProblem } from '../../../shared/model/validation/names.ts'
import { dnsLabel, objections, oneOf } from './check.ts'
import { validateReference } from './ingress.ts'
import { IMMUTABLE } from './storage-class.ts'

const CONTROLLER_MAX = 250
const PATH_PATTERN = `[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+`
const PATH = new RegExp(`^${PATH_PATTERN}$`)

export const validateNewIngressClass = ({ spec }: IngressClass): readonly FieldError[] => [
  ...validateController(spec?.controller ?? '', 'spec.controller'),
  ...(spec?.parameters ? validateParameters(spec.parameters, 'spec.parameters') : []),
]

export function validateIngressClassChange(one: IngressClass, old: IngressClass): readonly FieldError[] {
  const changed = one.spec?.controller === old.spec?.controller ? [] : [invalid('spec.controller', one.spec?.controller ?? '', IMMUTABLE)]
  return [...changed, ...validateNewIngressClass(one)]
}

function validateController(name: string, field: string): readonly FieldError[] {
  if (name === '') return [required(field)]
  return [...(name.length > CONTROLLER_MAX ? [tooLong(field, CONTROLLER_MAX)] : []), ...domainPrefixedPath(name, field)]
}

/** `acme.io/foo`. */
function domainPrefixedPath(text: string, field: string): readonly FieldError[] {
  const at = text.indexOf('/')
  const [domain, rest] = at < 0 ? ['', ''] : [text.slice(0, at), text.slice(at + 1)]
  if (domain === '' || rest === '') return [invalid(field, text, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  const problems = objections(field, domain, dns1123SubdomainProblems(domain))
  const paths = PATH.test(rest) ? [] : [invalid(field, rest, patternProblem('Invalid path', PATH_PATTERN, []))]
  return [...problems, ...paths]
}

function validateParameters(parameters: IngressClassParametersReference, path: string): readonly FieldError[] {
  const { scope, namespace } = parameters
  const errors: FieldError[] = [...validateReference(parameters, path)]
  if (scope === undefined) return [...errors, required(`${path}.scope`)]
  errors.push(...oneOf(`${path}.scope`, scope, ['Cluster', 'Namespace']))
  const field = `${path}.namespace`
  if (scope === 'Namespace') errors.push(...(namespace === undefined ? [required(field, "`parameters.scope` is set to 'Namespace'")] : dnsLabel(field, namespace)))
  if (scope === 'Cluster' && namespace !== undefined) errors.push(forbidden(field, "`parameters.scope` is set to 'Cluster'"))
  return errors
}
