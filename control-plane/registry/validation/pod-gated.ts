import { type FieldError, invalid } from '../../../shared/model/field-error.ts'
import type { NodeAffinity, NodeSelectorTerm, PodSpec } from '../../../shared/model/gen/api.ts'
import { deepEqual, type JsonObject } from '../../../shared/model/json.ts'
import { printInternal } from '../printed/internal.ts'
import { printedMap } from '../printed/maps.ts'
import { restored } from './restored.ts'

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'

interface Judged {
  readonly errors: readonly FieldError[]
  /** With what was judged here as it was before. */
  readonly spec: PodSpec
}

/** A pod that waits at a gate may still be narrowed down to fewer nodes. */
export function validateGatedChange(spec: PodSpec, before: PodSpec): Judged {
  if (!before.schedulingGates?.length) return { errors: [], spec }
  const errors: FieldError[] = []
  if (!deepEqual(spec.nodeSelector ?? {}, before.nodeSelector ?? {})) errors.push(...validateSelectorChange(spec.nodeSelector ?? {}, before.nodeSelector ?? {}))
  const narrowed = restored(spec, before, ['nodeSelector'])
  if (deepEqual(spec.affinity?.nodeAffinity, before.affinity?.nodeAffinity)) return { errors, spec: narrowed }
  errors.push(...validateAffinityChange(spec.affinity?.nodeAffinity, before.affinity?.nodeAffinity))
  const { nodeAffinity: _, ...others } = spec.affinity ?? {}
  const affinity = before.affinity?.nodeAffinity ? { ...others, nodeAffinity: before.affinity.nodeAffinity } : others
  const isEmpty = Object.keys(affinity).length === 0 && before.affinity === undefined
  return { errors, spec: isEmpty ? restored(narrowed, before, ['affinity']) : { ...narrowed, affinity } }
}

function validateSelectorChange(selector: Readonly<Record<string, string>>, before: Readonly<Record<string, string>>): readonly FieldError[] {
  const kept = Object.entries(before).every(([key, value]) => selector[key] === value)
  return kept ? [] : [invalid('spec.nodeSelector', printedMap(selector), 'only additions to spec.nodeSelector are allowed (no mutations or deletions)')]
}

function validateAffinityChange(affinity: NodeAffinity | undefined, before: NodeAffinity | undefined): readonly FieldError[] {
  const old = before?.[REQUIRED]?.nodeSelectorTerms ?? []
  const terms = affinity?.[REQUIRED]?.nodeSelectorTerms ?? []
  const path = `spec.affinity.nodeAffinity.${REQUIRED}.nodeSelectorTerms`
  if (old.length === 0) return []
  if (old.length !== terms.length) return [invalid(path, affinity?.[REQUIRED] ? terms.map(printedTerm) : null, 'no additions/deletions to non-empty NodeSelectorTerms list are allowed')]
  return terms.flatMap((term, index) => (onlyAdds(term, old[index] ?? {}) ? [] : [invalid(`${path}[${index}]`, printedTerm(term), 'only additions are allowed (no mutations or deletions)')]))
}

const printedTerm = (term: NodeSelectorTerm): JsonObject => printInternal('NodeSelectorTerm', term as unknown as JsonObject)

/** An empty term matches nothing: adding to it would widen. */
function onlyAdds(term: NodeSelectorTerm, before: NodeSelectorTerm): boolean {
  const had = (before.matchExpressions?.length ?? 0) + (before.matchFields?.length ?? 0)
  if (had === 0) return (term.matchExpressions?.length ?? 0) + (term.matchFields?.length ?? 0) === 0
  const begins = (list: readonly unknown[] = [], old: readonly unknown[] = []): boolean => old.every((one, index) => deepEqual(list[index], one))
  return begins(term.matchExpressions, before.matchExpressions) && begins(term.matchFields, before.matchFields)
}
