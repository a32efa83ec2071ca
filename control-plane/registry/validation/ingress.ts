import { type FieldError, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { HTTPIngressPath, Ingress, IngressBackend, IngressRule, IngressSpec, IngressTLS, TypedLocalObjectReference } from '../../../shared/model/gen/api.ts'
import { parseIp } from '../../../shared/model/validation/ip.ts'
import { dns1123LabelProblems, dns1123SubdomainProblems, pathSegmentProblems, wildcardSubdomainProblems } from '../../../shared/model/validation/names.ts'
import { portNameProblems, portNumberProblems } from '../../../shared/model/validation/numbers.ts'
import type { StrategyContext } from '../kind.ts'
import { ip } from './addresses.ts'
import { dnsSubdomain, each, objections } from './check.ts'

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class'
const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'] as const
const notInPaths = ['//', '/./', '/../', '%2f', '%2F'] as const
const notAtEnds = ['/..', '/.'] as const
const NOT_A_NAME = 'must be a DNS name, not an IP address'

/** What an old object had wrong may stay. */
interface Forgiven {
  readonly secretNames: boolean
  readonly wildcardRules: boolean
}

export function validateNewIngress(ingress: Ingress): readonly FieldError[] {
  const errors = validateSpec(ingress.spec ?? {}, { secretNames: false, wildcardRules: false })
  const annotation = ingress.metadata.annotations?.[CLASS_ANNOTATION]
  const name = ingress.spec?.ingressClassName
  if (annotation === undefined || name === undefined || annotation === name) return errors
  return [...errors, invalid(`annotations.${CLASS_ANNOTATION}`, annotation, 'must match `ingressClassName` when both are specified')]
}

export function validateIngressChange(ingress: Ingress, old: Ingress, { subresource }: StrategyContext): readonly FieldError[] {
  if (subresource === 'status') return validateStatus(ingress, old)
  const secretNames = (old.spec?.tls ?? []).some(({ secretName }) => secretName && dns1123SubdomainProblems(secretName).length > 0)
  const wildcardRules = (old.spec?.rules ?? []).some((rule) => rule.host?.includes('*') && validateRuleValue(rule, '').length > 0)
  return validateSpec(ingress.spec ?? {}, { secretNames, wildcardRules })
}

function validateSpec(spec: IngressSpec, forgiven: Forgiven): readonly FieldError[] {
  const errors: FieldError[] = []
  if (!spec.rules?.length && !spec.defaultBackend) errors.push(invalid('spec', spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified'))
  if (spec.defaultBackend) errors.push(...validateBackend(spec.defaultBackend, 'spec.defaultBackend'))
  errors.push(...each(spec.rules, 'spec.rules', (rule, at) => validateRule(rule, at, forgiven)))
  errors.push(...each(spec.tls, 'spec.tls', (tls, at) => validateTls(tls, at, forgiven)))
  return spec.ingressClassName === undefined ? errors : [...errors, ...dnsSubdomain('spec.ingressClassName', spec.ingressClassName)]
}

const hostProblems = (host: string): readonly string[] => (host.includes('*') ? wildcardSubdomainProblems(host) : dns1123SubdomainProblems(host))

function validateRule(rule: IngressRule, path: string, { wildcardRules }: Forgiven): readonly FieldError[] {
  const { host = '' } = rule
  const errors: FieldError[] = []
  if (host !== '') {
    if (parseIp(host)) errors.push(invalid(`${path}.host`, host, NOT_A_NAME))
    errors.push(...objections(`${path}.host`, host, hostProblems(host)))
  }
  return host.includes('*') && wildcardRules ? errors : [...errors, ...validateRuleValue(rule, path)]
}

function validateRuleValue({ http }: IngressRule, path: string): readonly FieldError[] {
  if (!http) return []
  const field = `${path}.http.paths`
  return http.paths?.length ? each(http.paths, field, validatePath) : [required(field)]
}

function validatePath({ path = '', pathType, backend }: HTTPIngressPath, at: string): readonly FieldError[] {
  if (pathType === undefined) return [required(`${at}.pathType`, 'pathType must be specified')]
  return [...validatePathText(path, pathType, at), ...validateBackend(backend ?? {}, `${at}.backend`)]
}

function validatePathText(path: string, pathType: string, at: string): readonly FieldError[] {
  const field = `${at}.path`
  const absolute = path.startsWith('/') ? [] : [invalid(field, path, 'must be an absolute path')]
  switch (pathType) {
    case 'Exact':
    case 'Prefix':
      return [
        ...absolute,
        ...notInPaths.flatMap((part) => (path.includes(part) ? [invalid(field, path, `must not contain '${part}'`)] : [])),
        ...notAtEnds.flatMap((end) => (path.endsWith(end) ? [invalid(field, path, `cannot end with '${end}'`)] : [])),
      ]
    case 'ImplementationSpecific':
      return path === '' ? [] : absolute
    default:
      return [notSupported(`${at}.pathType`, pathType, pathTypes)]
  }
}

function validateBackend({ resource, service }: IngressBackend, path: string): readonly FieldError[] {
  if (resource && service) return [invalid(path, '', 'cannot set both resource and service backends')]
  if (resource) return validateReference(resource, `${path}.resource`)
  if (!service) return [invalid(path, '', 'resource or service backend is required')]
  const { name, port } = service
  const named = name === '' ? [required(`${path}.service.name`)] : objections(`${path}.service.name`, name, dns1123LabelProblems(name))
  return [...named, ...validatePort(port ?? {}, path)]
}

function validatePort({ name = '', number = 0 }: { readonly name?: string | undefined; readonly number?: number | undefined }, path: string): readonly FieldError[] {
  if (name !== '' && number !== 0) return [invalid(path, '', 'cannot set both port name & port number')]
  if (name !== '') return objections(`${path}.service.port.name`, name, portNameProblems(name))
  return number === 0 ? [required(path, 'port name or number is required')] : objections(`${path}.service.port.number`, number, portNumberProblems(number))
}

/** An object of any kind, by its name. */
export function validateReference({ apiGroup, kind, name }: TypedLocalObjectReference, path: string): readonly FieldError[] {
  const segment = (field: string, value: string): readonly FieldError[] => (value === '' ? [required(field)] : objections(field, value, pathSegmentProblems(value)))
  return [...(apiGroup === undefined ? [] : dnsSubdomain(`${path}.apiGroup`, apiGroup)), ...segment(`${path}.kind`, kind), ...segment(`${path}.name`, name)]
}

const validateTls = ({ hosts, secretName }: IngressTLS, path: string, { secretNames }: Forgiven): readonly FieldError[] => [
  ...each(hosts, `${path}.hosts`, (host, at) => objections(at, host, hostProblems(host))),
  ...(secretName && !secretNames ? dnsSubdomain(`${path}.secretName`, secretName) : []),
]

function validateStatus({ status }: Ingress, old: Ingress): readonly FieldError[] {
  const known = new Set((old.status?.loadBalancer?.ingress ?? []).map((one) => one.ip))
  return each(status?.loadBalancer?.ingress, 'status.loadBalancer.ingress', ({ ip: address, hostname }, at) => {
    const errors: FieldError[] = address && !known.has(address) ? [...ip(`${at}.ip`, address)] : []
    if (!hostname) return errors
    errors.push(...dnsSubdomain(`${at}.hostname`, hostname))
    return parseIp(hostname) ? [...errors, invalid(`${at}.hostname`, hostname, NOT_A_NAME)] : errors
  })
}
