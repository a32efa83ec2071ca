import { type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import type { ControllerRevision } from '../../../shared/model/gen/api.ts'
import { deepEqual, isJsonObject } from '../../../shared/model/json.ts'
import { nonNegative } from './check.ts'

export function validateNewRevision({ data, revision }: ControllerRevision): readonly FieldError[] {
  return [...nonNegative('revision', revision), ...validateData(data)]
}

function validateData(data: unknown): readonly FieldError[] {
  if (isMissing(data)) return [required('data', 'data is mandatory')]
  return isJsonObject(data) ? [] : [required('data', 'data must be a valid JSON object')]
}

/** What a revision holds is what was rolled out: it never changes. */
export function validateRevisionChange({ data, revision }: ControllerRevision, old: ControllerRevision): readonly FieldError[] {
  const same = isMissing(data) ? isMissing(old.data) : deepEqual(data, old.data)
  return [...nonNegative('revision', revision), ...(same ? [] : [invalid('data', data ?? null, 'field is immutable')])]
}

const isMissing = (data: unknown): boolean => data === undefined || data === null
