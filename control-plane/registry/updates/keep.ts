import type { KubeObject } from '../../../shared/model/meta.ts'
import { without } from '../defaults/fill.ts'

/** The object with one part as it was before: what a client may not change through this (sub)resource. */
export function keep<T extends KubeObject>(part: keyof T, object: T, old: T): T {
  const { [part]: _, ...rest } = object
  const kept = old[part]
  return (kept === undefined ? rest : { ...rest, [part]: kept }) as T
}

/** What the metadata says besides who the object is. */
const said = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const

/** As {@link keepOtherPart}, for kinds whose status endpoint leaves labels and the like alone, too. */
export function keepAllButStatus<T extends WithStatus>(object: T, old: T, subresource: string): T {
  if (subresource !== 'status') return keepOtherPart(object, old, subresource)
  const kept = Object.fromEntries(said.flatMap((name) => (old.metadata[name] === undefined ? [] : [[name, old.metadata[name]]])))
  return { ...keep('spec', object, old), metadata: { ...without(object.metadata, ...said), ...kept } }
}

interface WithStatus extends KubeObject {
  readonly spec?: unknown
  readonly status?: unknown
}

/** Through `status` only the status changes, through the resource itself all but the status. */
export const keepOtherPart = <T extends WithStatus>(object: T, old: T, subresource: string): T => (subresource === 'status' ? keep('spec', object, old) : keep('status', object, old))

/** The labels as they were, for kinds whose status writers may not touch them. */
export function keepLabels<T extends KubeObject>(object: T, old: T): T {
  const { labels: _, ...metadata } = object.metadata
  return { ...object, metadata: old.metadata.labels ? { ...metadata, labels: old.metadata.labels } : metadata }
}
