/**
 * Objects as text and text as objects. The stored text is made once per write; `resourceVersion` is the storage's to say and is
 * set into it without another pass over the object.
 */
import { isJsonObject, type JsonObject, readJson } from '../../../shared/model/json.ts'
import type { Entry, Revision } from '../../storage/port.ts'
import { textAtRevision } from '../../storage/revision-text.ts'
import type { CachedObject } from '../../storage/watch-cache-port.ts'
import { Fault } from '../../../shared/kit/faults.ts'

const NO_META: JsonObject = {}

export const metadataOf = (object: JsonObject): JsonObject => (isJsonObject(object['metadata']) ? object['metadata'] : NO_META)

/** A string member of the metadata; empty if absent. */
export function metaText(object: JsonObject, member: string): string {
  const value = metadataOf(object)[member]
  return typeof value === 'string' ? value : ''
}

export const withMeta = (object: JsonObject, changes: Readonly<Record<string, JsonObject[string] | undefined>>): JsonObject => {
  const metadata: Record<string, JsonObject[string]> = { ...metadataOf(object) }
  for (const member in changes) {
    const value = changes[member]
    if (value === undefined) delete metadata[member]
    else metadata[member] = value
  }
  return { ...object, metadata }
}

/** In the one order everything stored has: `kind`, `apiVersion`, `metadata`, the rest; without a resourceVersion. */
export function canonical(object: JsonObject, kind: string, apiVersion: string): JsonObject {
  const { kind: _kind, apiVersion: _apiVersion, metadata, ...rest } = object
  const { resourceVersion: _revision, selfLink: _link, ...meta } = isJsonObject(metadata) ? metadata : NO_META
  return { kind, apiVersion, metadata: meta, ...rest }
}

/** An object of the canonical order as the API hands it out. */
export const itemOf = (key: string, revision: Revision, stored: JsonObject): CachedObject => itemWith(stored, { key, revision })

/** What has just been written, with its text if that was made of this very object. */
export const writtenItem = (stored: JsonObject, written: { readonly key: string; readonly revision: Revision; readonly text: string | undefined }): CachedObject => itemWith(stored, written)

function itemWith(stored: JsonObject, { key, revision, text: written }: { readonly key: string; readonly revision: Revision; readonly text?: string | undefined }): CachedObject {
  const metadata = { resourceVersion: String(revision), ...metadataOf(stored) }
  const object = { ...stored, metadata }
  let text: string | undefined
  return { key, revision, object, json: () => (text ??= (written && textAtRevision(written, revision)) ?? JSON.stringify(object)) }
}

/** What a dry run hands out: nothing was stored, so a new object has no revision. */
export function unstoredItem(key: string, stored: JsonObject, revision: Revision | undefined): CachedObject {
  if (revision !== undefined) return itemOf(key, revision, stored)
  return { key, revision: 0, object: stored, json: () => JSON.stringify(stored) }
}

export function itemOfEntry(entry: Entry): CachedObject {
  return itemOf(entry.key, entry.revision, parseStored(entry))
}

function parseStored(entry: Entry): JsonObject {
  try {
    const value = readJson(entry.value)
    if (isJsonObject(value)) return value
  } catch (cause) {
    throw new Fault('corrupt', `the stored value of ${entry.key} is not JSON`, { cause })
  }
  throw new Fault('corrupt', `the stored value of ${entry.key} is not an object`)
}

/** The object of an item without its resourceVersion: what a change starts from. */
export function withoutRevision(item: CachedObject): JsonObject {
  const { resourceVersion: _revision, ...metadata } = metadataOf(item.object)
  return { ...item.object, metadata }
}
