/** The annotation in which `kubectl apply` remembers on the client's side what it applied: kubectl may move from there to server-side apply. */
import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import type { Type } from '../../../shared/model/schemas/types.ts'
import { parseJson } from '../decode/decode-body.ts'
import { EMPTY, type FieldNode } from './field-set.ts'
import { withoutStripped } from './owned-paths.ts'
import { toFieldSet } from './to-field-set.ts'

const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration'
const KUBECTL = 'kubectl'

function lastApplied(object: JsonObject | undefined): string | undefined {
  const metadata = object?.['metadata']
  const annotations = isJsonObject(metadata) ? metadata['annotations'] : undefined
  const text = isJsonObject(annotations) ? annotations[ANNOTATION] : undefined
  return typeof text === 'string' ? text : undefined
}

/** What kubectl owns already by its annotation. */
export function allowedByLastApplied(type: Type, live: JsonObject | undefined, manager: string): FieldNode {
  const text = manager === KUBECTL ? lastApplied(live) : undefined
  const config = text === undefined ? undefined : parseJson(text)
  return isJsonObject(config) ? withoutStripped(toFieldSet(type, config)) : EMPTY
}

/** Keeps the annotation true, where there is one, when kubectl applies. */
export function withLastApplied(object: JsonObject, manager: string, config: JsonObject): JsonObject {
  const metadata = object['metadata']
  const annotations = isJsonObject(metadata) ? metadata['annotations'] : undefined
  if (manager !== KUBECTL || lastApplied(object) === undefined || !isJsonObject(metadata) || !isJsonObject(annotations)) return object
  return { ...object, metadata: { ...metadata, annotations: { ...annotations, [ANNOTATION]: `${JSON.stringify(config)}\n` } } }
}
