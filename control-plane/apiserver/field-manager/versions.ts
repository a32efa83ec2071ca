/** Owners speak of the version they wrote through: what changed is compared in each of their versions. */
import type { JsonObject } from '../../../shared/model/json.ts'
import { type Type, typeOf } from '../../../shared/model/schemas/types.ts'
import { compare, comparedWithout, type Comparison } from './compare.ts'

/** Another version of the kind that a request speaks of. */
export interface OtherVersion {
  /** The name of a built-in schema, or a compiled type. */
  readonly schema: string | Type
  /** From the request's version into this one, and back. */
  to(object: JsonObject): JsonObject
  from(object: JsonObject): JsonObject
  /** Objects may hold what this version does not know: who owns what cannot be told then, and is forgotten. */
  readonly strict?: boolean
}

/** `undefined`: no such version is served, not even any more. */
export type Versions = (apiVersion: string) => OtherVersion | undefined

export interface Change {
  readonly type: Type
  readonly apiVersion: string
  readonly before: JsonObject
  readonly after: JsonObject
  /** What the endpoint ignores. */
  readonly ignored: ReadonlyArray<readonly string[]>
  readonly versions?: Versions | undefined
}

export const typeIn = ({ schema }: OtherVersion): Type => (typeof schema === 'string' ? typeOf(schema) : schema)

/** What changed, as each version shows it; `undefined` for one that is not served. Each is compared once. */
export function comparisons({ type, apiVersion, before, after, ignored, versions }: Change): (version: string) => Comparison | undefined {
  const known = new Map<string, Comparison | undefined>([[apiVersion, comparedWithout(compare(type, before, after), ignored)]])
  return (version) => {
    if (!versions) return known.get(apiVersion)
    if (!known.has(version)) {
      const other = versions(version)
      known.set(version, other && comparedWithout(compare(typeIn(other), other.to(before), other.to(after)), ignored))
    }
    return known.get(version)
  }
}
