import type { CustomResourceDefinition } from '../../../shared/model/gen/api.ts'
import { isKnownFormat } from '../../../shared/model/structural/formats.ts'
import { schemasIn } from '../../../shared/model/structural/schema.ts'
import { placedSchemas } from '../validation/custom-resource-definition/hoisted.ts'

/** Formats that nobody knows judge nothing. */
export function definitionWarnings({ spec }: CustomResourceDefinition): readonly string[] {
  const formats = placedSchemas(spec).flatMap(({ schema }) => [...schemasIn(schema)].flatMap(({ format, type }) => (format && !isKnownFormat(format, type) ? [format] : [])))
  return [...new Set(formats)].toSorted().map((format) => `unrecognized format ${JSON.stringify(format)}`)
}
