/** How objects of a custom resource are read: what the schema does not know goes, nulls and defaults are settled. */
import { isJsonObject, type Json, type JsonObject } from '../json.ts'
import type { Decoded } from '../schemas/decode.ts'
import { withDefaults } from './defaults.ts'
import { hasEmbedded, mapEmbedded, readMeta } from './object-meta.ts'
import { pruned } from './prune.ts'
import type { PropsSchema } from './schema.ts'

export interface StructuralReader {
  read(value: Json): Decoded
}

export function structuralReader(schema: PropsSchema): StructuralReader {
  const embedded = hasEmbedded(schema)
  return {
    read(value) {
      if (!isJsonObject(value)) return { object: {}, typeError: 'cannot restore struct from: a value that is no object', strictErrors: [] }
      const unknown: string[] = []
      let typeError: string | undefined
      const meta = (object: JsonObject, path: string): JsonObject => {
        if (object['metadata'] === undefined || object['metadata'] === null) return withoutMeta(object)
        const read = readMeta(object['metadata'])
        typeError ??= read.typeError
        unknown.push(...read.unknown.map((name) => `${path}metadata.${name}`))
        return { ...object, metadata: read.metadata }
      }
      const whole = meta(value, '')
      const inner = embedded ? mapEmbedded(schema, whole, (object, path) => meta(object, `${path}.`)) : whole
      const { value: rest, unknown: others } = pruned(schema, isJsonObject(inner) ? inner : whole, true)
      const strictErrors = [...unknown, ...others].toSorted().map((path) => `unknown field ${JSON.stringify(path)}`)
      return { object: withDefaults(schema, rest), typeError, strictErrors }
    },
  }
}

function withoutMeta(object: JsonObject): JsonObject {
  if (object['metadata'] === undefined) return object
  const { metadata: _metadata, ...rest } = object
  return rest
}
