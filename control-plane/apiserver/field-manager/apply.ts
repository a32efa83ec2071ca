/** Server-side apply: lays a configuration over an object in the name of a manager, who comes to own what it sets. */
import type { StatusCause } from '../../../shared/model/gen/api.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { decodeObject } from '../../../shared/model/schemas/decode.ts'
import { type Type, typeOf } from '../../../shared/model/schemas/types.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { badRequest, type Refused } from '../decode/refused.ts'
import { readYaml } from '../decode/yaml.ts'
import { typedProblem } from './check-typed.ts'
import type { Comparison } from './compare.ts'
import { type Conflicting, conflictText } from './conflicts.ts'
import { capUpdaters, idOf, type Managed, managedFieldsOf, type ManagerId, type Managers, readManagers, withManagedFields, writeManagers } from './entries.ts'
import { difference, EMPTY, type FieldNode, intersection, isEmptySet, union, without } from './field-set.ts'
import { allowedByLastApplied, withLastApplied } from './last-applied.ts'
import { resetPaths, withoutStripped } from './owned-paths.ts'
import { followSchema } from './schema-change.ts'
import { onlyItems, prune } from './remove-items.ts'
import { toFieldSet } from './to-field-set.ts'
import { mergeTyped } from './typed-merge.ts'
import { trackBeforeFirstApply } from './update.ts'
import { comparisons, type OtherVersion, typeIn, type Versions } from './versions.ts'

export interface ApplyRequest {
  readonly schema: string | Type
  readonly group: string
  readonly version: string
  readonly kind: string
  /** What stands there; `undefined` if the object is to be created. */
  readonly live: JsonObject | undefined
  /** The body, read but not decoded. */
  readonly config: JsonObject
  readonly manager: string
  readonly force: boolean
  readonly subresource: string
  readonly nowMs: number
  /** The kind's other versions, where it has any. */
  readonly versions?: Versions | undefined
}

export type Applied =
  /** `changed`: whether more than managedFields differs from the live object. Defaults are not applied. */
  | { readonly kind: 'applied'; readonly object: JsonObject; readonly changed: boolean }
  /** A conflict lists its causes. */
  | (Refused & { readonly causes?: readonly StatusCause[] })

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

export function applyConfiguration(request: ApplyRequest): Applied {
  const { schema, group, version, kind, config } = request
  const wanted = `${group}/${version}, Kind=${kind}`
  const given = kindText(config)
  if (given !== wanted) return badRequest(`invalid object type: ${given}`)
  const metadata = isJsonObject(config['metadata']) ? config['metadata'] : {}
  if (metadata['managedFields'] !== undefined && metadata['managedFields'] !== null) return badRequest('metadata.managedFields must be nil')
  const type = typeof schema === 'string' ? typeOf(schema) : schema
  const problem = typedProblem(type, config)
  if (problem !== undefined) return failed(`failed to create typed patch object (${subjectOf(request)}): ${problem}`)
  return applyTyped(type, request)
}

const failed = (message: string): Refused => ({ kind: 'refused', code: 500, reason: undefined, message })

/** What was sent, as failures name it. */
function subjectOf({ group, version, kind, config }: ApplyRequest): string {
  const metadata = isJsonObject(config['metadata']) ? config['metadata'] : {}
  return `${textOf(metadata['namespace'])}/${textOf(metadata['name'])}; ${group}/${version}, Kind=${kind}`
}

function kindText(config: JsonObject): string {
  const parts = textOf(config['apiVersion']).split('/')
  if (parts.length > 2) return '/, Kind='
  const [group, version] = parts.length === 2 ? parts : ['', parts[0] ?? '']
  return `${group}/${version}, Kind=${textOf(config['kind'])}`
}

function applyTyped(type: Type, request: ApplyRequest): Applied {
  const { group, version, kind, live, config, manager, subresource, nowMs, versions } = request
  const apiVersion = group === '' ? version : `${group}/${version}`
  const managers = readManagers((live && managedFieldsOf(live)) ?? []) ?? new Map<string, Managed>()
  if (typeof request.schema !== 'string') followSchema(managers, { schema: type, apiVersion, versions })
  const bare = withManagedFields(live ?? {}, undefined)
  if (managers.size === 0 && live) trackBeforeFirstApply(managers, { schema: type, kind, live: undefined, changed: bare, manager: 'before-first-apply', apiVersion, subresource, nowMs })
  const applier: ManagerId = { manager, operation: 'Apply', apiVersion, subresource }
  const last = managers.get(idOf(applier))
  const reset = resetPaths(kind, subresource)
  const set = without(toFieldSet(type, config), reset)
  managers.set(idOf(applier), { ...applier, time: last?.time, set })
  const merged = pruned(mergeTyped(type, bare, config), { type, apiVersion, last, managers, versions })
  const foundIn = comparisons({ type, apiVersion, before: bare, after: merged, ignored: reset, versions })
  const found = foundIn(apiVersion) ?? { changed: EMPTY, removed: EMPTY }
  const conflicts = settle(managers, { foundIn, applier: idOf(applier) })
  if (conflicts.length > 0 && !request.force && !isAllowed(type, conflicts, request)) return { kind: 'refused', code: 409, reason: 'Conflict', ...conflictText(remaining(type, conflicts, request)) }
  const changed = !isEmptySet(found.changed) || !isEmptySet(found.removed)
  // Who changes nothing gets no time of his own.
  managers.set(idOf(applier), { ...applier, time: changed ? formatTime(nowMs) : last?.time, set: withoutStripped(set) })
  capUpdaters(managers)
  const read = changed ? decodeObject(type, withLastApplied(merged, manager, config), { reader: 'unstructured' }) : undefined
  if (read?.typeError !== undefined) return failed(`failed to convert new object (${subjectOf(request)}) to proper version (${apiVersion}): unable to convert unstructured object to ${group}/${version}, Kind=${kind}: ${read.typeError}`)
  const object = read?.object ?? bare
  return { kind: 'applied', object: withManagedFields(object, writeManagers(managers)), changed }
}

interface Pruning {
  readonly type: Type
  readonly apiVersion: string
  readonly last: Managed | undefined
  readonly managers: Managers
  readonly versions: Versions | undefined
}

/** Without what the applier gave up and nobody else owns: told in the version in which the applier owned it. */
function pruned(merged: JsonObject, { type, apiVersion, last, managers, versions }: Pruning): JsonObject {
  if (!last) return merged
  if (!versions) return prune(merged, { type, last: last.set, owned: ownedIn(managers) })
  const same: OtherVersion = { schema: type, to: (object) => object, from: (object) => object }
  const versionOf = (name: string): OtherVersion | undefined => (name === apiVersion ? same : versions(name))
  const at = versionOf(last.apiVersion)
  if (!at) return merged
  const before = at.to(merged)
  const owned = [...new Set([...managers.values()].map((owner) => owner.apiVersion))].reduce<FieldNode>((all, name) => {
    const own = ownedIn(managers, name)
    const spoken = versionOf(name)
    if (name === last.apiVersion || !spoken) return name === last.apiVersion ? union(all, own) : all
    // In the words of another version: what they name of the object, shown in this one.
    return union(all, toFieldSet(typeIn(at), at.to(spoken.from(onlyItems(typeIn(spoken), spoken.to(merged), own)))))
  }, EMPTY)
  const after = prune(before, { type: typeIn(at), last: last.set, owned })
  return after === before ? merged : at.from(after)
}

/** What anybody owns, by the words of one version or of all. */
const ownedIn = (managers: Managers, apiVersion?: string): FieldNode => [...managers.values()].filter((one) => apiVersion === undefined || one.apiVersion === apiVersion).reduce<FieldNode>((all, one) => union(all, one.set), EMPTY)

/** Takes what changes from the other managers; gives what was taken. Who wrote through a version that is gone is forgotten. */
function settle(managers: Managers, { foundIn, applier }: { readonly foundIn: (version: string) => Comparison | undefined; readonly applier: string }): readonly Conflicting[] {
  const conflicts: Conflicting[] = []
  for (const [id, owner] of managers) {
    if (id === applier) continue
    const found = foundIn(owner.apiVersion)
    if (!found) {
      managers.delete(id)
      continue
    }
    const set = intersection(owner.set, found.changed)
    if (!isEmptySet(set)) conflicts.push({ owner, set })
    managers.set(id, { ...owner, set: difference(difference(owner.set, set), found.removed) })
  }
  return conflicts
}

/** kubectl may take over what it applied from the client's side. */
function remaining(type: Type, conflicts: readonly Conflicting[], { live, manager }: ApplyRequest): readonly Conflicting[] {
  const allowed = allowedByLastApplied(type, live, manager)
  return conflicts.map(({ owner, set }) => ({ owner, set: difference(set, allowed) })).filter(({ set }) => !isEmptySet(set))
}

const isAllowed = (type: Type, conflicts: readonly Conflicting[], request: ApplyRequest): boolean => remaining(type, conflicts, request).length === 0

export type ParsedConfiguration = { readonly kind: 'parsed'; readonly config: JsonObject; readonly duplicates: readonly string[] } | Refused

/** The body of an apply request: YAML, of which JSON is a part. Repeated keys are warnings, or a refusal with strict validation ({@link strictDuplicates}). */
export function parseConfiguration(text: string): ParsedConfiguration {
  const read = readYaml(text)
  if (read.kind === 'problem') return badRequest(`error decoding YAML: error converting YAML to JSON: ${read.message}`)
  if (read.value !== null && !isJsonObject(read.value)) return badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${Array.isArray(read.value) ? 'array' : typeof read.value} into Go value of type map[string]interface {}`)
  return { kind: 'parsed', config: read.value ?? {}, duplicates: read.duplicates }
}

/** To be answered after an apply that would have succeeded. */
export const strictDuplicates = (duplicates: readonly string[]): Refused => badRequest(`error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  ${duplicates.join('\n  ')}`)
