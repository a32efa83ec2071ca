/** Which names a definition gets, and what its conditions say. PURE. */
import type { CustomResourceDefinition, CustomResourceDefinitionCondition, CustomResourceDefinitionNames } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { approvalOf, isProtectedGroup } from '../../registry/validation/custom-resource-definition/api-approval.ts'

type Status = NonNullable<CustomResourceDefinition['status']>

interface Finding {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

/** Names that definitions of the group hold. */
interface Used {
  readonly resources: ReadonlySet<string>
  readonly kinds: ReadonlySet<string>
}

const present = (names: ReadonlyArray<string | undefined>): readonly string[] => names.filter((name) => name !== undefined && name !== '') as readonly string[]

function usedBy(group: readonly CustomResourceDefinition[]): Used {
  const accepted = group.flatMap(({ status }) => (status?.acceptedNames ? [status.acceptedNames] : []))
  return {
    resources: new Set(accepted.flatMap(({ plural, singular, shortNames = [] }) => present([plural, singular, ...shortNames]))),
    kinds: new Set(accepted.flatMap(({ kind, listKind }) => present([kind, listKind]))),
  }
}

interface Naming {
  readonly names: CustomResourceDefinitionNames
  readonly finding: Finding
}

/** Each name that is free, or its own already, is accepted; the last conflict is told. */
function nameDefinition({ spec, status }: CustomResourceDefinition, { resources, kinds }: Used): Naming {
  const wanted = spec.names
  const had: Partial<CustomResourceDefinitionNames> = status?.acceptedNames ?? {}
  let conflict: { readonly reason: string; readonly message: string } | undefined
  const settle = <T>(name: keyof CustomResourceDefinitionNames, taken: readonly string[], reason: string): T => {
    if (taken.length === 0) return wanted[name] as T
    const messages = taken.map((one) => `${JSON.stringify(one)} is already in use`)
    conflict = { reason, message: messages.length === 1 ? (messages[0] ?? '') : `[${messages.join(', ')}]` }
    return had[name] as T
  }
  const clash = (name: 'plural' | 'singular' | 'kind' | 'listKind', used: ReadonlySet<string>): readonly string[] => (wanted[name] !== undefined && wanted[name] !== had[name] && used.has(wanted[name]) ? [wanted[name]] : [])
  const plural = settle<string | undefined>('plural', clash('plural', resources), 'PluralConflict')
  const singular = settle<string | undefined>('singular', clash('singular', resources), 'SingularConflict')
  const shortNames = settle<readonly string[] | undefined>('shortNames', (wanted.shortNames ?? []).filter((name) => !(had.shortNames ?? []).includes(name) && resources.has(name)), 'ShortNamesConflict')
  const kind = settle<string | undefined>('kind', clash('kind', kinds), 'KindConflict')
  const listKind = settle<string | undefined>('listKind', clash('listKind', kinds), 'ListKindConflict')
  const { categories } = wanted
  const names = { plural: plural ?? '', ...(singular && { singular }), ...(shortNames && { shortNames }), kind: kind ?? '', ...(listKind && { listKind }), ...(categories && { categories }) }
  const finding: Finding = conflict ? { type: 'NamesAccepted', status: 'False', ...conflict } : { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
  return { names, finding }
}

function establishedFinding({ status }: CustomResourceDefinition, accepted: boolean): Finding {
  const before = (status?.conditions ?? []).find(({ type }) => type === 'Established')
  if (accepted) return { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' }
  // What was served once stays so under the names it has.
  if (before) return { type: 'Established', status: before.status === 'True' ? 'True' : 'False', reason: before.reason ?? '', message: before.message ?? '' }
  return { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }
}

const APPROVAL_REASONS = { missing: 'MissingAnnotation', bypassed: 'UnapprovedAnnotation', invalid: 'InvalidAnnotation', approved: 'ApprovedAnnotation' } as const

function approvalFindings({ spec, metadata }: CustomResourceDefinition): readonly Finding[] {
  if (!isProtectedGroup(spec.group)) return []
  const { state, message } = approvalOf(metadata.annotations)
  return [{ type: 'KubernetesAPIApprovalPolicyConformant', status: state === 'approved' ? 'True' : 'False', reason: APPROVAL_REASONS[state], message }]
}

/** The conditions with the findings in their places; a time changes only with the status. */
export function withFindings(conditions: readonly CustomResourceDefinitionCondition[] | undefined, findings: readonly Finding[], nowMs: number): readonly CustomResourceDefinitionCondition[] {
  const kept = conditions ?? []
  const conditionOf = (finding: Finding): CustomResourceDefinitionCondition => {
    const before = kept.find(({ type }) => type === finding.type)
    return { type: finding.type, status: finding.status, lastTransitionTime: before?.status === finding.status ? before.lastTransitionTime : formatTime(nowMs), reason: finding.reason, message: finding.message }
  }
  const replaced = kept.map((one) => {
    const finding = findings.find(({ type }) => type === one.type)
    return finding ? conditionOf(finding) : one
  })
  return [...replaced, ...findings.filter(({ type }) => !kept.some((one) => one.type === type)).map(conditionOf)]
}

/** @param group every definition of the group, itself too. */
export function namedStatus(definition: CustomResourceDefinition, group: readonly CustomResourceDefinition[], nowMs: number): Status {
  const { spec, status } = definition
  const named = status?.conditions?.some(({ type }) => type === 'NamesAccepted') ?? false
  // Who has the names that it asks for is not looked at again, not even to take back what was said of others.
  if (named && deepEqual(spec.names, status?.acceptedNames)) return { ...status, conditions: withFindings(status?.conditions, approvalFindings(definition), nowMs) }
  const { names, finding } = nameDefinition(definition, usedBy(group))
  const findings = [finding, establishedFinding(definition, finding.status === 'True'), ...approvalFindings(definition)]
  return { ...status, conditions: withFindings(status?.conditions, findings, nowMs), acceptedNames: names }
}

/** While its objects go. */
export const terminatingStatus = (definition: CustomResourceDefinition, nowMs: number): Status => ({
  ...definition.status,
  conditions: withFindings(definition.status?.conditions, [{ type: 'Terminating', status: 'True', reason: 'InstanceDeletionInProgress', message: 'CustomResource deletion is in progress' }], nowMs),
})
