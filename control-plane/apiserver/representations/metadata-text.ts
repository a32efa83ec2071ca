/** The metadata of an object as text, cut out of the text that its lists and watches share. PURE. */
import type { CachedObject } from '../../storage/watch-cache-port.ts'
import { metadataOf } from '../core/stored.ts'

const known = new WeakMap<CachedObject, string>()

export function metadataText(item: CachedObject): string {
  const before = known.get(item)
  if (before !== undefined) return before
  const text = cutOut(item.json()) ?? JSON.stringify(metadataOf(item.object))
  known.set(item, text)
  return text
}

/** An object without anything but its metadata. */
export const partialMetadataText = (item: CachedObject, version: string): string => `{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/${version}","metadata":${metadataText(item)}}`

/** What stands before the metadata in all that is stored by us; any other text is not cut. */
const HEAD = /^\{(?:"(?:kind|apiVersion)":"[^"\\]*",){0,2}"metadata":(?=\{)/

function cutOut(json: string): string | undefined {
  const start = HEAD.exec(json)?.[0].length
  if (start === undefined) return undefined
  const end = endOfObject(json, start)
  return end === undefined ? undefined : json.slice(start, end)
}

const [QUOTE, BACKSLASH, OPEN, CLOSE] = [0x22, 0x5c, 0x7b, 0x7d]

/** Where the object that begins at `start` is over. */
function endOfObject(json: string, start: number): number | undefined {
  let depth = 0
  for (let at = start; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) at = endOfString(json, at)
    else if (code === OPEN) depth++
    else if (code === CLOSE && --depth === 0) return at + 1
  }
  return undefined
}

/** The quote that closes the string opened at `start`. */
function endOfString(json: string, start: number): number {
  for (let at = json.indexOf('"', start + 1); at >= 0; at = json.indexOf('"', at + 1)) {
    let slashes = 0
    while (json.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return at
  }
  return json.length
}
