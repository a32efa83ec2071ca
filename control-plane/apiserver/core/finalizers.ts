/** Who still holds a terminating object back. PURE. */
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import type { KindDefinition } from '../../registry/kind.ts'
import { metadataOf } from './stored.ts'

export const ORPHAN = 'orphan'
export const FOREGROUND = 'foregroundDeletion'

const strings = (value: Json | undefined): readonly string[] => (Array.isArray(value) ? (value as readonly Json[]).filter((item) => typeof item === 'string') : [])

export const finalizersOf = (object: JsonObject): readonly string[] => strings(metadataOf(object)['finalizers'])

export const isNamespace = (definition: KindDefinition): boolean => definition.group === '' && definition.kind === 'Namespace'

/** Finalizers of the metadata, and of the spec for a namespace. */
export function holders(definition: KindDefinition, object: JsonObject): readonly string[] {
  return [...finalizersOf(object), ...(isNamespace(definition) ? specFinalizers(object) : [])]
}

/** Of a namespace: who empties it. */
export const specFinalizers = ({ spec }: JsonObject): readonly string[] => (isJsonObject(spec) ? strings(spec['finalizers']) : [])

/** Whether an update has taken the last finalizer from an object that waited for nothing else: it is deleted then. */
export function isReadyToGo(definition: KindDefinition, object: JsonObject, old: JsonObject): boolean {
  const before = metadataOf(old)
  if (before['deletionTimestamp'] === undefined || holders(definition, object).length > 0) return false
  const graceSeconds = before['deletionGracePeriodSeconds']
  return isNamespace(definition) || definition.markDeletion ? (graceSeconds ?? 0) === 0 : graceSeconds === 0
}
