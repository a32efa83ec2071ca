/** `CreateOptions`, `UpdateOptions`, `PatchOptions`: what the query of a write says. */
import type { FieldError } from '../../../shared/model/field-error.ts'
import { invalid } from '../status.ts'
import { forbidden, notSupported, required } from '../../../shared/model/field-error.ts'
import { validateFieldManager } from '../../../shared/model/validation/object-meta.ts'
import { boolParameter } from './parameters.ts'

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

export interface WriteQuery {
  readonly dryRun: boolean
  readonly fieldValidation: FieldValidation
  /** As given; empty when not. */
  readonly fieldManager: string
  /** Server-side apply takes fields from others. */
  readonly force: boolean
}

export type WriteKind = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions'

/** @param apply whether the patch is a server-side apply. Throws a 422. */
export function parseWriteOptions(query: URLSearchParams, kind: WriteKind, apply = false): WriteQuery {
  const dryRun = query.getAll('dryRun')
  const validation = query.get('fieldValidation') ?? ''
  const fieldManager = query.get('fieldManager') ?? ''
  const force = boolParameter(query, 'force')
  const errors: FieldError[] = []
  if (kind === 'PatchOptions' && !apply && force !== undefined) errors.push(forbidden('force', 'may not be specified for non-apply patch'))
  if (apply && fieldManager === '') errors.push(required('fieldManager', 'is required for apply patch'))
  errors.push(...validateFieldManager(fieldManager, 'fieldManager'), ...dryRunErrors(dryRun))
  if (!['', 'Ignore', 'Strict', 'Warn'].includes(validation)) errors.push(notSupported('fieldValidation', validation, ['', 'Ignore', 'Strict', 'Warn']))
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', name: kind }, '', errors)
  return { dryRun: dryRun.length > 0, fieldValidation: validation === '' ? 'Warn' : (validation as FieldValidation), fieldManager, force: force === true }
}

export function dryRunErrors(values: readonly string[]): readonly FieldError[] {
  return values.every((value) => value === 'All') ? [] : [notSupported('dryRun', values, ['All'])]
}
