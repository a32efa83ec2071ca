import { base64Length } from '../../../shared/model/base64.ts'
import { type FieldError, forbidden, invalid, tooLong } from '../../../shared/model/field-error.ts'
import type { ConfigMap } from '../../../shared/model/gen/api.ts'
import { byteLength } from '../../../shared/model/go-text.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { configKeyProblems } from '../../../shared/model/validation/names.ts'
import { objections, sortedEntries } from './check.ts'

/** Of ConfigMaps and Secrets alike. */
export const DATA_MAX_BYTES = 1024 * 1024
export const FROZEN = 'field is immutable when `immutable` is set'

/** Kubernetes names the whole object `[]` here. */
export function validateNewConfigMap({ data = {}, binaryData = {} }: ConfigMap): readonly FieldError[] {
  const errors: FieldError[] = []
  let bytes = 0
  for (const [key, value] of sortedEntries(data)) {
    errors.push(...objections(`data[${key}]`, key, configKeyProblems(key)))
    if (binaryData[key] !== undefined) errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
    bytes += byteLength(value)
  }
  for (const [key, value] of sortedEntries(binaryData)) {
    errors.push(...objections(`binaryData[${key}]`, key, configKeyProblems(key)))
    bytes += base64Length(value)
  }
  return bytes > DATA_MAX_BYTES ? [...errors, tooLong('[]', DATA_MAX_BYTES)] : errors
}

/** What is marked immutable stays, and stays marked. */
export function validateConfigMapChange(map: ConfigMap, old: ConfigMap): readonly FieldError[] {
  const frozen: FieldError[] = []
  if (old.immutable) {
    if (!map.immutable) frozen.push(forbidden('immutable', FROZEN))
    if (!deepEqual(map.data ?? {}, old.data ?? {})) frozen.push(forbidden('data', FROZEN))
    if (!deepEqual(map.binaryData ?? {}, old.binaryData ?? {})) frozen.push(forbidden('binaryData', FROZEN))
  }
  return [...frozen, ...validateNewConfigMap(map)]
}
