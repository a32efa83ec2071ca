/** Holds the expressions of a policy against the kinds that it is about. What is found refuses nothing: it is told in the policy's status. Loaded with the first policy. */
import type { ExpressionWarning, NamedRuleWithOperations, ValidatingAdmissionPolicy, ValidatingAdmissionPolicySpec } from '../../shared/model/gen/api.ts'
import { apiVersionOf } from '../apiserver/core/resources.ts'
import { authorizerTypes } from '../cel/authorizer.ts'
import { compile } from '../cel/cel.ts'
import { type CelType, DYN, plain } from '../cel/types.ts'
import { namespaceType, requestType, variableType } from './environment.ts'

/** A kind that is served. */
export interface KnownKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly resource: string
  /** What is known of its fields, made when it is first asked for; `undefined`: nothing. */
  type(): CelType | undefined
}

/** A kind that a rule names, as far as its fields are known. */
interface CheckedKind {
  readonly kind: KnownKind
  readonly type: CelType
}

/** As many types are looked at as Kubernetes looks at. */
const MOST = 10

/** @param known all that are served. */
export function expressionWarnings({ spec }: Pick<ValidatingAdmissionPolicy, 'spec'>, known: readonly KnownKind[]): readonly ExpressionWarning[] {
  if (!spec) return []
  const params = paramsType(spec, known)
  const environments = kindsToCheck(spec, known).map(({ kind, type }) => ({ kind, variables: environmentOf(spec, type, params) }))
  return (spec.validations ?? []).flatMap(({ expression, messageExpression }, index) =>
    Object.entries({ expression, messageExpression }).flatMap(([member, text]) => {
      const warning = environments.flatMap(({ kind, variables }) => warningOf(text ?? '', kind, variables)).join('\n')
      return warning === '' ? [] : [{ fieldRef: `spec.validations[${index}].${member}`, warning }]
    }),
  )
}

function warningOf(text: string, { group, version, kind }: KnownKind, variables: ReadonlyMap<string, CelType>): readonly string[] {
  if (text === '') return []
  const compiled = compile(text, variables)
  return compiled.kind === 'refused' ? [`${group}/${version}, Kind=${kind}: ${compiled.message}\n`] : []
}

function paramsType({ paramKind }: ValidatingAdmissionPolicySpec, known: readonly KnownKind[]): CelType | undefined {
  if (!paramKind) return undefined
  for (const one of known) {
    const type = one.kind === paramKind.kind && apiVersionOf(one.group, one.version) === paramKind.apiVersion ? one.type() : undefined
    if (type) return type
  }
  return undefined
}

/** Only what can be known: params of an unknown kind are not there at all. */
function environmentOf(spec: ValidatingAdmissionPolicySpec, type: CelType, params: CelType | undefined): ReadonlyMap<string, CelType> {
  const given = new Map<string, CelType>([
    ['object', type],
    ['oldObject', type],
    ['request', requestType],
    ['namespaceObject', namespaceType],
    ['authorizer', plain(authorizerTypes.authorizer)],
    ...(params ? ([['params', params]] as const) : []),
  ])
  const fields = new Map<string, CelType>()
  const all = given.set('variables', { kind: 'object', name: 'kubernetes.variables', fields })
  for (const { name, expression } of spec.variables ?? []) {
    const compiled = compile(expression, all)
    fields.set(name, compiled.kind === 'compiled' ? variableType(compiled.program.type) : DYN)
  }
  return all
}

/**
 * Rules that name all groups or all versions are not looked at, nor are subresources. Each kind is held against the rule, not each
 * combination of the rule's names, of which there may be any number.
 */
function kindsToCheck(spec: ValidatingAdmissionPolicySpec, known: readonly KnownKind[]): readonly CheckedKind[] {
  const found = new Map<string, CheckedKind>()
  for (const rule of spec.matchConstraints?.resourceRules ?? []) {
    for (const one of found.size < MOST ? namedBy(rule, known) : []) {
      if (found.size >= MOST) break
      const type = found.has(sortKey(one)) ? undefined : one.type()
      if (type) found.set(sortKey(one), { kind: one, type })
    }
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, checked]) => checked)
}

/** By group, version and resource: the first are those that are looked at. */
function namedBy({ apiGroups = [], apiVersions = [], resources = [] }: NamedRuleWithOperations, known: readonly KnownKind[]): readonly KnownKind[] {
  if ([...apiGroups, ...apiVersions].some((one) => one.includes('*'))) return []
  const [groups, versions, names] = [new Set(apiGroups), new Set(apiVersions), new Set(resources)]
  const placeOf = ({ group, version, resource }: KnownKind): string => `${group}\0${version}\0${resource}`
  return known.filter(({ group, version, resource }) => groups.has(group) && versions.has(version) && names.has(resource)).toSorted((a, b) => (placeOf(a) < placeOf(b) ? -1 : placeOf(a) > placeOf(b) ? 1 : 0))
}

/** Whether the policy names any group that definitions may be in: none of theirs is without a dot. */
export function mayNameCustom({ spec }: Pick<ValidatingAdmissionPolicy, 'spec'>): boolean {
  const ruled = (spec?.matchConstraints?.resourceRules ?? []).flatMap(({ apiGroups = [] }) => apiGroups)
  return [...ruled, (spec?.paramKind?.apiVersion ?? '').split('/', 1)[0] ?? ''].some((group) => group.includes('.'))
}

const sortKey = ({ group, version, kind }: KnownKind): string => `${group}\0${version}\0${kind}`
