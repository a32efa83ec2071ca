import type { SelectableField } from '../../../../shared/model/gen/api.ts'
import { duplicate, type FieldError, invalid, required, tooMany } from '../../../../shared/model/field-error.ts'
import type { PropsSchema } from '../../../../shared/model/structural/schema.ts'
import { followPath } from './field-path.ts'

const MAX = 8
const SCALARS = ['string', 'boolean', 'integer']

/** @param missing what to say where no schema stands beside the fields. */
export function validateSelectableFields(fields: readonly SelectableField[] | undefined, schema: PropsSchema | undefined, { path, missing }: { readonly path: string; readonly missing: string }): readonly FieldError[] {
  if (!fields || fields.length === 0) return []
  if (!schema) return [invalid(path, '', missing)]
  const seen = new Set<string>()
  const errors = fields.flatMap(({ jsonPath }, index): readonly FieldError[] => {
    const at = `${path}[${index}].jsonPath`
    if (jsonPath === '') return [required(at)]
    const followed = followPath(jsonPath, schema, false)
    if (followed.kind === 'problem') return [invalid(at, jsonPath, `is an invalid path: ${followed.problem}`)]
    const { text, root, schema: found } = followed.path
    const again = seen.has(text)
    seen.add(text)
    return [
      ...(root === 'metadata' ? [invalid(at, jsonPath, 'must not point to fields in metadata')] : []),
      ...(SCALARS.includes(found?.type ?? '') ? [] : [invalid(at, jsonPath, 'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.')]),
      ...(again ? [duplicate(at, jsonPath)] : []),
    ]
  })
  return seen.size > MAX ? [...errors, tooMany(path, seen.size, MAX)] : errors
}
