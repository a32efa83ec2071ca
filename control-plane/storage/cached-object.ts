import { Fault } from '../../shared/kit/faults.ts'
import { isJsonObject, type JsonObject, readJson } from '../../shared/model/json.ts'
import type { Entry, Revision } from './port.ts'
import { textAtRevision } from './revision-text.ts'
import { shareParts } from './shared-parts.ts'
import type { CachedObject } from './watch-cache-port.ts'

/** Decodes a stored entry and gives it its resource version. Throws `Fault('corrupt')` if it is not a JSON object. */
export function decodeEntry(entry: Entry): CachedObject {
  const stored = parseObject(entry)
  shareParts(stored)
  return new Decoded({ key: entry.key, revision: entry.revision, object: withResourceVersion(stored, entry.revision), text: entry.value })
}

/** The same object as its deletion at `revision` shows it. */
export function atDeletion(item: CachedObject, revision: Revision): CachedObject {
  const text = item instanceof Decoded ? item.storedText : undefined
  return new Decoded({ key: item.key, revision, object: withResourceVersion(item.object, revision), text })
}

/** For what is remembered and rarely asked for: its text takes more room than the object does. */
export function forgetText(item: CachedObject): void {
  if (item instanceof Decoded) item.forgetText()
}

interface DecodedParts {
  readonly key: string
  readonly revision: Revision
  readonly object: JsonObject
  /** As stored, without a resource version. */
  readonly text: string | undefined
}

class Decoded implements CachedObject {
  readonly key: string
  readonly revision: Revision
  readonly object: JsonObject
  #stored: string | undefined
  #json: string | undefined

  constructor({ key, revision, object, text }: DecodedParts) {
    this.key = key
    this.revision = revision
    this.object = object
    this.#stored = text
  }

  /** The stored text, until {@link json} has taken its place. */
  get storedText(): string | undefined {
    return this.#stored
  }

  /** Lets go of the text: whoever asks for it all the same gets it made of the object. */
  forgetText(): void {
    this.#stored = undefined
    this.#json = undefined
  }

  json(): string {
    if (this.#json === undefined) {
      this.#json = (this.#stored && textAtRevision(this.#stored, this.revision)) ?? JSON.stringify(this.object)
      this.#stored = undefined
    }
    return this.#json
  }
}

function parseObject(entry: Entry): JsonObject {
  try {
    const parsed = readJson(entry.value)
    if (isJsonObject(parsed)) return parsed
  } catch (cause) {
    throw new Fault('corrupt', `what is stored at ${entry.key} is not JSON`, { cause })
  }
  throw new Fault('corrupt', `what is stored at ${entry.key} is not a JSON object`)
}

function withResourceVersion(object: JsonObject, revision: Revision): JsonObject {
  const metadata = object['metadata']
  return { ...object, metadata: { ...(isJsonObject(metadata) ? metadata : {}), resourceVersion: String(revision) } }
}
