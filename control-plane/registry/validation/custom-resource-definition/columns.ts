/** Printer columns and subresources: what they show and change, said by simple paths. */
import type { CustomResourceColumnDefinition, CustomResourceSubresources } from '../../../../shared/model/gen/api.ts'
import { type FieldError, invalid, required } from '../../../../shared/model/field-error.ts'

const TYPES = ['boolean', 'date', 'integer', 'number', 'string']
const FORMATS = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']

const simplePath = (path: string, text: string): readonly FieldError[] => (text.startsWith('.') ? [] : [invalid(path, text, 'must be a simple json path starting with .')])

export function validateColumns(columns: readonly CustomResourceColumnDefinition[] | undefined, path: string): readonly FieldError[] {
  return (columns ?? []).flatMap((one, index) => validateColumn(one, `${path}[${index}]`))
}

function validateColumn({ name, type, format, jsonPath }: CustomResourceColumnDefinition, path: string): readonly FieldError[] {
  const types = `must be one of ${TYPES.join(',')}`
  return [
    ...(name ? [] : [required(`${path}.name`)]),
    ...(type ? (TYPES.includes(type) ? [] : [invalid(`${path}.type`, type, types)]) : [required(`${path}.type`, types)]),
    ...(format && !FORMATS.includes(format) ? [invalid(`${path}.format`, format, `must be one of ${FORMATS.join(',')}`)] : []),
    ...(jsonPath ? simplePath(`${path}.JSONPath`, jsonPath) : [required(`${path}.JSONPath`)]),
  ]
}

interface PathRule {
  readonly name: string
  readonly roots: readonly string[]
  readonly place: string
}

export function validateSubresources(subresources: CustomResourceSubresources | undefined, path: string): readonly FieldError[] {
  const scale = subresources?.scale
  if (!scale) return []
  const check = (text: string | undefined, { name, roots, place }: PathRule): readonly FieldError[] => {
    const at = `${path}.scale.${name}`
    if (!text) return [required(at)]
    const errors = simplePath(at, text)
    return errors.length > 0 || roots.some((root) => text.startsWith(root)) ? errors : [invalid(at, text, `should be a json path under ${place}`)]
  }
  return [
    ...check(scale.specReplicasPath, { name: 'specReplicasPath', roots: ['.spec.'], place: '.spec' }),
    ...check(scale.statusReplicasPath, { name: 'statusReplicasPath', roots: ['.status.'], place: '.status' }),
    ...(scale.labelSelectorPath ? check(scale.labelSelectorPath, { name: 'labelSelectorPath', roots: ['.spec.', '.status.'], place: 'either .spec or .status' }) : []),
  ]
}
