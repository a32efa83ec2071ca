import { POSITIONS } from './port.ts'

/**
 * Where in its batch the deletion of a key stands. A tombstone carries no envelope and a watcher sees only a part of a batch, so the
 * position must follow from the key alone: it is a hash of it (FNV-1a). A batch holds no two deletions with the same hash and its
 * puts take the places that are left, so every write of a batch has a revision of its own, and the same one for everybody.
 */
export function deletePosition(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return ((hash ^ (hash >>> 16)) >>> 0) % POSITIONS
}

export interface Placed<W> {
  readonly write: W
  readonly position: number
}

export interface BatchLimits {
  readonly maxWrites: number
  readonly maxBytes: number
}

interface Placeable {
  readonly kind: 'put' | 'delete'
  readonly key: string
  readonly value?: string
}

/**
 * Takes as many writes from the front of `queue` as go into one transaction, in order of position. What cannot go with
 * them (the same key twice, two deletions in one place) stays at the front of the queue, in order.
 */
export function takeBatch<W extends { readonly write: Placeable }>(queue: W[], limits: BatchLimits): Placed<W>[] {
  const keys = new Set<string>()
  const places = new Map<number, W>()
  const puts: W[] = []
  const left: W[] = []
  const leftKeys = new Set<string>()
  let bytes = 0
  let looked = 0
  for (; looked < queue.length && keys.size < limits.maxWrites; looked++) {
    const item = queue[looked] as W
    const { write } = item
    // The key stands in the compare, the operation and the answer to a failure.
    const size = 3 * Buffer.byteLength(write.key) + Buffer.byteLength(write.value ?? '') + 64
    if (keys.size > 0 && bytes + size > limits.maxBytes) break
    const place = write.kind === 'delete' ? deletePosition(write.key) : undefined
    if (keys.has(write.key) || leftKeys.has(write.key) || (place !== undefined && places.has(place))) {
      left.push(item)
      leftKeys.add(write.key)
      continue
    }
    keys.add(write.key)
    bytes += size
    if (place === undefined) puts.push(item)
    else places.set(place, item)
  }
  queue.splice(0, looked, ...left)
  return inOrder(places, puts)
}

function inOrder<W>(places: ReadonlyMap<number, W>, puts: readonly W[]): Placed<W>[] {
  const batch: Placed<W>[] = []
  let next = 0
  for (let position = 0; position < POSITIONS && batch.length < places.size + puts.length; position++) {
    const write = places.get(position) ?? puts[next++]
    if (write !== undefined) batch.push({ write, position })
  }
  return batch
}
