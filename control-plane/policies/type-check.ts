/** Holds the expressions of a policy against the kinds that it is about. What is found refuses nothing: it is told in the policy's status. Loaded with the first policy. */
import type { ExpressionWarning, ValidatingAdmissionPolicy, ValidatingAdmissionPolicySpec } from '../../shared/model/gen/api.ts'
import { typeOf } from '../../shared/model/schemas/types.ts'
import { authorizerTypes } from '../cel/authorizer.ts'
import { compile } from '../cel/cel.ts'
import { celTypeOf } from '../cel/kind-types.ts'
import { type CelType, DYN, plain } from '../cel/types.ts'
import { requestType } from './environment.ts'

/** A kind that a rule names, as far as its fields are known. */
export interface CheckedKind {
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly type: CelType
}

export interface KnownKinds {
  /** `undefined` where the resource is not served, or nothing is known of its fields. */
  byResource(group: string, version: string, resource: string): CheckedKind | undefined
  byKind(apiVersion: string, kind: string): CheckedKind | undefined
}

/** As many types are looked at as Kubernetes looks at. */
const MOST = 10

export function expressionWarnings({ spec }: Pick<ValidatingAdmissionPolicy, 'spec'>, known: KnownKinds): readonly ExpressionWarning[] {
  if (!spec) return []
  const environments = kindsToCheck(spec, known).map((kind) => ({ kind, variables: environmentOf(spec, kind, known) }))
  return (spec.validations ?? []).flatMap(({ expression, messageExpression }, index) =>
    Object.entries({ expression, messageExpression }).flatMap(([member, text]) => {
      const warning = environments.flatMap(({ kind, variables }) => warningOf(text ?? '', kind, variables)).join('\n')
      return warning === '' ? [] : [{ fieldRef: `spec.validations[${index}].${member}`, warning }]
    }),
  )
}

function warningOf(text: string, { group, version, kind }: CheckedKind, variables: ReadonlyMap<string, CelType>): readonly string[] {
  if (text === '') return []
  const compiled = compile(text, variables)
  return compiled.kind === 'refused' ? [`${group}/${version}, Kind=${kind}: ${compiled.message}\n`] : []
}

const NAMESPACE = 'io.k8s.api.core.v1.Namespace'

/** Only what can be known: params of an unknown kind are not there at all. */
function environmentOf(spec: ValidatingAdmissionPolicySpec, { type }: CheckedKind, known: KnownKinds): ReadonlyMap<string, CelType> {
  const params = spec.paramKind && known.byKind(spec.paramKind.apiVersion ?? '', spec.paramKind.kind ?? '')
  const given = new Map<string, CelType>([
    ['object', type],
    ['oldObject', type],
    ['request', requestType],
    ['namespaceObject', celTypeOf(typeOf(NAMESPACE))],
    ['authorizer', plain(authorizerTypes.authorizer)],
    ...(params ? ([['params', params.type]] as const) : []),
  ])
  const fields = new Map<string, CelType>()
  const all = given.set('variables', { kind: 'object', name: 'kubernetes.variables', fields })
  for (const { name, expression } of spec.variables ?? []) {
    const compiled = compile(expression, all)
    fields.set(name, compiled.kind === 'compiled' ? compiled.program.type : DYN)
  }
  return all
}

/** Rules that name all groups or all versions are not looked at, nor are subresources. */
function kindsToCheck(spec: ValidatingAdmissionPolicySpec, known: KnownKinds): readonly CheckedKind[] {
  const found = new Map<string, CheckedKind>()
  for (const { apiGroups = [], apiVersions = [], resources = [] } of spec.matchConstraints?.resourceRules ?? []) {
    if ([...apiGroups, ...apiVersions].some((one) => one.includes('*'))) continue
    const plain = resources.filter((one) => !/[*/]/.test(one))
    for (const group of apiGroups.toSorted()) {
      for (const version of apiVersions.toSorted()) {
        for (const resource of plain.toSorted()) {
          const kind = found.size < MOST ? known.byResource(group, version, resource) : undefined
          if (kind) found.set(sortKey(kind), kind)
        }
      }
    }
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind)
}

const sortKey = ({ group, version, kind }: CheckedKind): string => `${group}\0${version}\0${kind}`
