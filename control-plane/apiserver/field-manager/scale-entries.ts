/** Who owns `replicas`, as a Scale tells it and as the object behind it does. */
import type { ManagedFieldsEntry } from '../../../shared/model/gen/api.ts'
import { idOf, type Managed, type Managers, readManagers, writeManagers } from './entries.ts'
import { difference, type FieldNode, has, isEmptySet, LEAF } from './field-set.ts'

export interface ScaledObject {
  /** Of the group and version whose endpoint it is. */
  readonly apiVersion: string
  /** Where it keeps its replicas: `spec`, `replicas`. */
  readonly path: readonly string[]
}

const SCALE_VERSION = 'autoscaling/v1'
const SCALE_PATH = ['spec', 'replicas'] as const

const groupOf = (apiVersion: string): string => apiVersion.slice(0, Math.max(0, apiVersion.indexOf('/')))

const setAt = ([name, ...rest]: readonly string[]): FieldNode => (name === undefined ? LEAF : { [`f:${name}`]: setAt(rest) })

function owns(set: FieldNode, [name, ...rest]: readonly string[]): boolean {
  if (rest.length === 0) return has(set, `f:${name}`)
  const below = set[`f:${name}`]
  return below !== undefined && owns(below, rest)
}

/** As if only the replicas had ever been written, in the Scale's version. */
export function entriesOfScale(parent: readonly ManagedFieldsEntry[], { apiVersion, path }: ScaledObject): readonly ManagedFieldsEntry[] {
  const managers: Managers = new Map()
  for (const owner of (readManagers(parent) ?? new Map<string, Managed>()).values()) {
    if (groupOf(owner.apiVersion) !== groupOf(apiVersion) || !owns(owner.set, path)) continue
    const own: Managed = { ...owner, apiVersion: SCALE_VERSION, set: setAt(SCALE_PATH) }
    managers.set(idOf(own), own)
  }
  return writeManagers(managers)
}

/** The object's own entries after a write of its Scale: who does not own the Scale's replicas any more has lost the object's. */
export function entriesAfterScale(parent: readonly ManagedFieldsEntry[], scale: readonly ManagedFieldsEntry[], { apiVersion, path }: ScaledObject): readonly ManagedFieldsEntry[] {
  const managers: Managers = new Map()
  const owners = new Map([...(readManagers(scale) ?? new Map<string, Managed>()).values()].filter(({ set }) => owns(set, SCALE_PATH)).map((owner) => [idOf({ ...owner, apiVersion }), owner]))
  const replicas = setAt(path)
  for (const [id, owner] of readManagers(parent) ?? new Map<string, Managed>()) {
    if (groupOf(owner.apiVersion) !== groupOf(apiVersion)) continue
    const keeps = owners.delete(id) || !owns(owner.set, path)
    const set = keeps ? owner.set : difference(owner.set, replicas)
    if (!isEmptySet(set)) managers.set(id, { ...owner, set })
  }
  for (const [id, owner] of owners) managers.set(id, { ...owner, apiVersion, set: replicas })
  return writeManagers(managers)
}
