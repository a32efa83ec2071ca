import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { FlowSchema, FlowSchemaSpec, FlowSchemaStatus, NonResourcePolicyRule, PolicyRulesWithSubjects, ResourcePolicyRule, Subject } from '../../../shared/model/gen/api.ts'
import { deepEqual, type JsonObject } from '../../../shared/model/json.ts'
import { dns1123LabelProblems, dns1123SubdomainProblems } from '../../../shared/model/validation/names.ts'
import flowSchemas from '../bootstrap/flowschemas.json' with { type: 'json' }
import { printInternal } from '../printed/internal.ts'
import { dnsSubdomain, each, objections } from './check.ts'

const MAX_PRECEDENCE = 10_000
const METHODS = ['ByNamespace', 'ByUser']
const KINDS = ['Group', 'ServiceAccount', 'User']
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']

/** Those that every cluster has as they are: nobody may change them. */
const mandatory: ReadonlyMap<string, unknown> = new Map((flowSchemas as ReadonlyArray<{ readonly metadata: { readonly name: string }; readonly spec: unknown }>).filter(({ metadata }) => metadata.name === 'exempt' || metadata.name === 'catch-all').map(({ metadata, spec }) => [metadata.name, spec]))

export function validateFlowSchema({ metadata, spec, status }: FlowSchema): readonly FieldError[] {
  const name = metadata.name ?? ''
  const given: FlowSchemaSpec = spec ?? { priorityLevelConfiguration: { name: '' } }
  const fixed = mandatory.get(name)
  return [
    ...validateSpec(given, name),
    ...(fixed === undefined || deepEqual(given, fixed) ? [] : [invalid('spec', printInternal('FlowSchemaSpec', given as unknown as JsonObject), `spec of '${name}' must equal the fixed value`)]),
    ...validateFlowSchemaStatus(status),
  ]
}

function validateSpec(spec: FlowSchemaSpec, name: string): readonly FieldError[] {
  const { matchingPrecedence = 0, distinguisherMethod, rules } = spec
  const level = spec.priorityLevelConfiguration.name
  const levelField = 'spec.priorityLevelConfiguration.name'
  return [
    ...validatePrecedence(matchingPrecedence, name),
    ...(distinguisherMethod && !METHODS.includes(distinguisherMethod.type) ? [notSupported('spec.distinguisherMethod.type', { Type: distinguisherMethod.type }, METHODS)] : []),
    ...(level === '' ? [required(levelField, 'must reference a priority level')] : dnsSubdomain(levelField, level)),
    ...each(rules, 'spec.rules', validateRules),
  ]
}

function validatePrecedence(precedence: number, name: string): readonly FieldError[] {
  const field = 'spec.matchingPrecedence'
  return [
    ...(precedence <= 0 ? [invalid(field, precedence, 'must be a positive value')] : []),
    ...(precedence > MAX_PRECEDENCE ? [invalid(field, precedence, `must not be greater than ${MAX_PRECEDENCE}`)] : []),
    ...(precedence === 1 && name !== 'exempt' ? [invalid(field, precedence, "only the schema named 'exempt' may have matchingPrecedence 1")] : []),
  ]
}

function validateRules({ subjects, resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects, path: string): readonly FieldError[] {
  return [
    ...(!subjects?.length ? [required(`${path}.subjects`, 'subjects must contain at least one value')] : each(subjects, `${path}.subjects`, validateSubject)),
    ...(resourceRules.length === 0 && nonResourceRules.length === 0 ? [required(path, 'at least one of resourceRules and nonResourceRules has to be non-empty')] : []),
    ...each(resourceRules, `${path}.resourceRules`, validateResourceRule),
    ...each(nonResourceRules, `${path}.nonResourceRules`, validateNonResourceRule),
  ]
}

/** Which member says more about a subject of which kind, in the order in which the others are looked at. */
const members = [
  ['ServiceAccount', 'serviceAccount'],
  ['User', 'user'],
  ['Group', 'group'],
] as const

function validateSubject(subject: Subject, path: string): readonly FieldError[] {
  if (!KINDS.includes(subject.kind)) return [notSupported(`${path}.kind`, subject.kind, KINDS)]
  const own = members.find(([kind]) => kind === subject.kind)
  const others = members.filter(([kind, member]) => kind !== subject.kind && subject[member] !== undefined).map(([kind, member]) => forbidden(`${path}.${member}`, `${member} is forbidden when subject kind is not '${kind}'`))
  return own ? [...validateOwn(subject, own, path), ...others] : others
}

function validateOwn(subject: Subject, [kind, member]: (typeof members)[number], path: string): readonly FieldError[] {
  const field = `${path}.${member}`
  const value: { readonly name: string; readonly namespace?: string } | undefined = subject[member]
  if (!value) return [required(field, `${member} is required when subject kind is '${kind}'`)]
  if (member !== 'serviceAccount') return value.name === '' ? [required(`${field}.name`)] : []
  const { name, namespace = '' } = value
  return [
    ...(name === '' ? [required(`${field}.name`)] : name === '*' ? [] : objections(`${field}.name`, name, dns1123SubdomainProblems(name))),
    ...(namespace === '' ? [required(`${field}.namespace`, 'must specify namespace for service account')] : objections(`${field}.namespace`, namespace, dns1123LabelProblems(namespace))),
  ]
}

function validateVerbs(verbs: readonly string[] | undefined, field: string): readonly FieldError[] {
  if (!verbs?.length) return [required(field, 'verbs must contain at least one value')]
  if (verbs.includes('*')) return verbs.length > 1 ? [invalid(field, verbs, "if '*' is present, must not specify other verbs")] : []
  return verbs.every((verb) => VERBS.includes(verb)) ? [] : [notSupported(field, verbs, VERBS)]
}

const lonely = (field: string, items: readonly string[], others: string): readonly FieldError[] => (items.length > 1 && items.includes('*') ? [invalid(field, items, `if '*' is present, must not specify other ${others}`)] : [])

function validateNonResourceRule({ verbs, nonResourceURLs: urls }: NonResourcePolicyRule, path: string): readonly FieldError[] {
  const field = `${path}.nonResourceURLs`
  const wrong = !urls?.length ? [required(field, 'nonResourceURLs must contain at least one value')] : urls.includes('*') ? lonely(field, urls, 'non-resource URLs') : each(urls, field, validateUrl)
  return [...validateVerbs(verbs, `${path}.verbs`), ...wrong]
}

function validateUrl(url: string, field: string): readonly FieldError[] {
  if (url === '/') return []
  const wildcard = url.indexOf('*')
  const problem =
    url === ''
      ? 'must not be empty'
      : !url.startsWith('/')
        ? 'must start with slash'
        : url.includes(' ')
          ? 'must not contain white-space'
          : url.includes('//')
            ? 'must not contain double slash'
            : wildcard >= 0 && !(wildcard === url.length - 1 && url.endsWith('/*'))
              ? 'wildcard can only do suffix matching'
              : undefined
  return problem === undefined ? [] : [invalid(field, url, problem)]
}

function validateResourceRule(rule: ResourcePolicyRule, path: string): readonly FieldError[] {
  const { verbs, apiGroups, resources } = rule
  return [
    ...validateVerbs(verbs, `${path}.verbs`),
    ...(!apiGroups?.length ? [required(`${path}.apiGroups`, 'resource rules must supply at least one api group')] : lonely(`${path}.apiGroups`, apiGroups, 'api groups')),
    ...(!resources?.length ? [required(`${path}.resources`, 'resource rules must supply at least one resource')] : lonely(`${path}.resources`, resources, 'resources')),
    ...validateNamespaces(rule, `${path}.namespaces`),
  ]
}

function validateNamespaces({ namespaces = [], clusterScope = false }: ResourcePolicyRule, field: string): readonly FieldError[] {
  if (namespaces.length === 0 && !clusterScope) return [required(field, 'resource rules that are not cluster scoped must supply at least one namespace')]
  if (namespaces.includes('*')) return lonely(field, namespaces, 'namespaces')
  return each(namespaces, field, (name, at) => objections(at, name, dns1123LabelProblems(name).map((problem) => `each member of this list must be '*' or a DNS-1123 label; ${problem}`)))
}

interface TypedConditions {
  readonly conditions?: ReadonlyArray<{ readonly type?: string | undefined }> | undefined
}

/** Also of priority levels: each type once. */
export function validateFlowSchemaStatus(status: FlowSchemaStatus | TypedConditions = {}): readonly FieldError[] {
  const conditions: TypedConditions['conditions'] = status.conditions ?? []
  const types = conditions.map(({ type }) => type ?? '')
  return each(conditions, 'status.conditions', ({ type = '' }, at, index) => [...(types.indexOf(type) < index ? [duplicate(`${at}.type`, type)] : []), ...(type === '' ? [required(`${at}.type`, 'must not be empty')] : [])])
}
