/**
 * What many objects have alike is kept in memory once: which fields a manager owns, the tolerations and the token that every pod is given. These make up more
 * than half of a pod, and pods made of one template have them letter for letter.
 */
import { isJsonObject, type Json, type JsonObject } from '../../shared/model/json.ts'

type Fresh = Record<string, Json>

/** Longer parts are rarely alike, and no part is looked up for longer than it takes to read. */
const LONGEST = 4096
const MOST_KNOWN = 512

/** By their text; the one known for longest goes first. */
const known = new Map<string, Json>()

function shared(part: Json): Json {
  const text = JSON.stringify(part)
  const before = known.get(text)
  if (before !== undefined) return before
  if (text.length > LONGEST) return part
  if (known.size >= MOST_KNOWN) known.delete(known.keys().next().value ?? '')
  known.set(text, part)
  return part
}

function shareMember(object: Json | undefined, name: string): void {
  if (!isJsonObject(object)) return
  const part = object[name]
  if (typeof part === 'object' && part !== null) (object as Fresh)[name] = shared(part)
}

const each = (list: Json | undefined): readonly Json[] => (Array.isArray(list) ? (list as readonly Json[]) : [])

/** Puts parts that are known in the place of the same ones of an object that was just read and that nobody else has seen. */
export function shareParts(fresh: JsonObject): void {
  const { metadata, spec } = fresh
  if (isJsonObject(metadata)) for (const entry of each(metadata['managedFields'])) shareMember(entry, 'fieldsV1')
  if (!isJsonObject(spec)) return
  shareMember(spec, 'tolerations')
  for (const volume of each(spec['volumes'])) shareMember(volume, 'projected')
}
