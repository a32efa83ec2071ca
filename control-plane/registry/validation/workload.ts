/** What workloads share. */
import { type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import type { LabelSelector, PodTemplateSpec } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { printedSelector } from '../printed/maps.ts'
import { nonNegative } from './check.ts'
import { validateLabelSelector } from './label-selector.ts'
import { type TemplateWords, validateRunningTemplate } from './pod-template.ts'

/** How the refusals of a kind name it. */
export interface WorkloadWords extends TemplateWords {
  readonly emptySelector: string
  readonly unreadableSelector: string
}

/** Also a Deployment's: its template is judged as that of the ReplicaSets it makes. */
export const replicaSetWords: WorkloadWords = { owner: 'ReplicaSet', emptySelector: 'empty selector is invalid for deployment', unreadableSelector: 'invalid label selector' }

interface Selecting {
  readonly selector?: LabelSelector | undefined
  readonly template?: PodTemplateSpec | undefined
}

/** The selector, and with a sound one the template it must match. */
export function validateSelectorAndTemplate({ selector, template }: Selecting, path: string, words: WorkloadWords): readonly FieldError[] {
  const field = `${path}.selector`
  const validateTemplate = (): readonly FieldError[] => validateRunningTemplate(template, `${path}.template`, { selector, words })
  if (!selector) return [required(field), ...validateTemplate()]
  const errors = [...validateLabelSelector(selector, field)]
  const unreadable = errors.length > 0
  if (selectsNothingInParticular(selector)) errors.push(invalid(field, printedSelector(selector), words.emptySelector))
  return unreadable ? [...errors, invalid(field, printedSelector(selector), words.unreadableSelector)] : [...errors, ...validateTemplate()]
}

export const selectsNothingInParticular = (selector: LabelSelector): boolean => Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0

/** A selector that changed would leave pods behind. */
export const immutableSelector = (selector: LabelSelector | undefined, before: LabelSelector | undefined): readonly FieldError[] =>
  deepEqual(selector, before) ? [] : [invalid('spec.selector', selector ? printedSelector(selector) : null, 'field is immutable')]

export type Counts = Readonly<Record<string, number | undefined>>

/** Counts of a status: none below zero, the named ones no more than there are replicas, available ones no more than ready ones. */
export function validateCounts(counts: Counts, names: readonly string[], bounded: readonly string[]): readonly FieldError[] {
  const at = (name: string): number => counts[name] ?? 0
  const errors: FieldError[] = names.flatMap((name) => nonNegative(`status.${name}`, at(name)))
  for (const name of bounded) if (at(name) > at('replicas')) errors.push(invalid(`status.${name}`, at(name), 'cannot be greater than status.replicas'))
  if (at('availableReplicas') > at('readyReplicas')) errors.push(invalid('status.availableReplicas', at('availableReplicas'), 'cannot be greater than readyReplicas'))
  return errors
}

/** How often names collided is only ever counted up. */
export function validateCollisions(count: number | undefined, before: number | undefined): readonly FieldError[] {
  const fewer = before !== undefined && (count === undefined || count < before)
  return fewer ? [invalid('status.collisionCount', count ?? 0, 'cannot be decremented')] : []
}
