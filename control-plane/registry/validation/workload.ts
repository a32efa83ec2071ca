/** What Deployments and ReplicaSets share. */
import { type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import type { LabelSelector, PodTemplateSpec } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { nonNegative } from './check.ts'
import { validateLabelSelector } from './label-selector.ts'
import { validateRunningTemplate } from './pod-template.ts'

/** A selector in the order in which messages print it. */
function printed({ matchLabels, matchExpressions }: LabelSelector): LabelSelector {
  return { ...(matchLabels && { matchLabels }), ...(matchExpressions && { matchExpressions: matchExpressions.map(({ key, operator, values }) => ({ key, operator, ...(values && { values }) })) }) }
}

/** The selector, and with a sound one the template it must match. */
export function validateSelectorAndTemplate({ selector, template }: { readonly selector: LabelSelector | undefined; readonly template: PodTemplateSpec | undefined }, path: string): readonly FieldError[] {
  const field = `${path}.selector`
  if (!selector) return [required(field), ...validateRunningTemplate(template, undefined, `${path}.template`)]
  const errors = [...validateLabelSelector(selector, field)]
  const unreadable = errors.length > 0
  if (Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0) errors.push(invalid(field, printed(selector), 'empty selector is invalid for deployment'))
  return unreadable ? [...errors, invalid(field, printed(selector), 'invalid label selector')] : [...errors, ...validateRunningTemplate(template, selector, `${path}.template`)]
}

/** A selector that changed would leave pods behind. */
export const immutableSelector = (selector: LabelSelector | undefined, before: LabelSelector | undefined): readonly FieldError[] =>
  deepEqual(selector, before) ? [] : [invalid('spec.selector', selector ? printed(selector) : null, 'field is immutable')]

export type Counts = Readonly<Record<string, number | undefined>>

/** Counts of a status: none below zero, the named ones no more than there are replicas, available ones no more than ready ones. */
export function validateCounts(counts: Counts, names: readonly string[], bounded: readonly string[]): readonly FieldError[] {
  const at = (name: string): number => counts[name] ?? 0
  const errors: FieldError[] = names.flatMap((name) => nonNegative(`status.${name}`, at(name)))
  for (const name of bounded) if (at(name) > at('replicas')) errors.push(invalid(`status.${name}`, at(name), 'cannot be greater than status.replicas'))
  if (at('availableReplicas') > at('readyReplicas')) errors.push(invalid('status.availableReplicas', at('availableReplicas'), 'cannot be greater than readyReplicas'))
  return errors
}
