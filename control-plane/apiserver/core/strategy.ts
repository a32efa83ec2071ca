/** What the machinery does to every object around a kind's own rules: metadata, generation, validation. */
import { allOf, type FieldError } from '../../../shared/model/field-error.ts'
import type { ObjectMeta } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { validateObjectMeta, validateObjectMetaUpdate, type ObjectMetaRules } from '../../../shared/model/validation/object-meta.ts'
import type { KindDefinition, StrategyContext } from '../../registry/kind.ts'
import { metadataOf, metaText, withMeta } from './stored.ts'

export const metaOf = (object: JsonObject): ObjectMeta => metadataOf(object) as unknown as ObjectMeta

const rulesOf = ({ namespaced, nameRule, anyFinalizer = false }: KindDefinition): ObjectMetaRules => ({ namespaced, nameRule, anyFinalizer })

/** Every mistake in a new object: its metadata first, then the kind's own. A kind without rules for its metadata has them looked at once nothing else is wrong. */
export function validateNew(definition: KindDefinition, object: JsonObject, context: StrategyContext): readonly FieldError[] {
  const own = definition.validateCreate(object, context)
  return definition.ownMetadataRules === 'nothing' && own.length > 0 ? own : allOf(validateObjectMeta(metaOf(object), rulesOf(definition)), own)
}

/**
 * Kubernetes looks at the metadata for every kind, and once more with the kind's own rules: what is wrong by itself comes four times,
 * what may not change twice. Rules for a status, and those of some kinds, look at what changed alone: three times. Those of a few at nothing: twice, and once.
 */
export function validateChanged(definition: KindDefinition, change: Change, context: StrategyContext): readonly FieldError[] {
  const { object, old } = change
  const metadata = metaOf(object)
  const rules = rulesOf(definition)
  const general = validateObjectMeta(metadata, { ...rules, anyFinalizer: true })
  const changed = validateObjectMetaUpdate(metadata, metaOf(old))
  const mistakes = definition.validateUpdate(object, old, context)
  if (definition.ownMetadataRules === 'nothing') return allOf(general, changed, mistakes)
  if (definition.ownMetadataRules === 'of-changes' || context.subresource === 'status') return allOf(general, changed, changed, mistakes)
  // The two differ in what they say of finalizers.
  const own = metadata.finalizers === undefined ? general : validateObjectMeta(metadata, rules)
  return allOf(general, changed, changed, own, mistakes)
}

export interface Change {
  readonly object: JsonObject
  readonly old: JsonObject
}

/** What the server alone says about a new object. */
export interface SystemFields {
  readonly uid: string
  readonly creationTimestamp: string
  readonly name: string
  readonly namespace: string
}

export function withSystemFields(definition: KindDefinition, object: JsonObject, fields: SystemFields): JsonObject {
  const { uid, creationTimestamp, name, namespace } = fields
  return withMeta(object, {
    uid,
    creationTimestamp,
    deletionTimestamp: undefined,
    deletionGracePeriodSeconds: undefined,
    selfLink: undefined,
    name: name === '' ? undefined : name,
    namespace: definition.namespaced ? namespace : metadataOf(object)['namespace'],
    ...(definition.hasNewGeneration && { generation: 1 }),
  })
}

/** Keeps what an update may leave out or may not change, then lets the kind do the same with its own parts. */
export function prepareChange(definition: KindDefinition, { object, old }: Change, context: StrategyContext): JsonObject {
  const before = metadataOf(old)
  const given = metadataOf(object)
  const kept = withMeta(object, {
    uid: metaText(object, 'uid') === '' ? before['uid'] : given['uid'],
    creationTimestamp: before['creationTimestamp'],
    deletionTimestamp: before['deletionTimestamp'] ?? given['deletionTimestamp'],
    deletionGracePeriodSeconds: given['deletionGracePeriodSeconds'] ?? before['deletionGracePeriodSeconds'],
    namespace: definition.namespaced ? before['namespace'] : given['namespace'],
    selfLink: undefined,
    generation: before['generation'],
  })
  const prepared = definition.prepareForUpdate(kept, old, context)
  // A status tells of a generation and never makes a new one, whatever annotations come with it.
  if (context.subresource === 'status' || !definition.hasNewGeneration?.(prepared, old)) return prepared
  return withMeta(prepared, { generation: numberOf(before['generation']) + 1 })
}

const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0)

/** The kinds whose owner references were said twice keep each once. */
export function dedupOwners(object: JsonObject, warn: (message: string) => void): JsonObject {
  const references = metadataOf(object)['ownerReferences']
  if (!Array.isArray(references) || references.length < 2) return object
  const seen = new Map<string, JsonObject[string]>()
  const repeated = new Set<string>()
  for (const reference of references as readonly JsonObject[]) {
    const text = JSON.stringify(reference)
    if (seen.has(text)) repeated.add(String(reference['uid']))
    else seen.set(text, reference)
  }
  if (seen.size === references.length) return object
  warn(`.metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ${[...repeated].join(', ')}`)
  return withMeta(object, { ownerReferences: [...seen.values()] })
}
