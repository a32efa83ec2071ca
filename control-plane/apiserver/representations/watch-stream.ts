/** The events of a watch as chunks of JSON lines, or of frames in protobuf: one chunk for what comes together. */
import type { Clock } from '../../../shared/kit/clock.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { eventFrames, type ToldEvent } from '../protobuf/write-body.ts'
import type { ResourceStore } from '../core/resources.ts'
import type { WatchEvent } from '../core/watch.ts'
import { asApiError } from '../status.ts'
import { Crowd } from './crowd.ts'
import { type ListRendering, objectContent, protobufKind, tableOptions, type Rendering } from './objects.ts'
import { tableOf } from './table.ts'

const crowds = new WeakMap<ResourceStore, Crowd>()

function crowdOf(store: ResourceStore): Crowd {
  const known = crowds.get(store) ?? new Crowd(() => store.cache.revision)
  crowds.set(store, known)
  return known
}

export async function* watchChunks(batches: AsyncIterable<readonly WatchEvent[]>, rendering: ListRendering, clock: Clock): AsyncGenerator<string | Uint8Array> {
  const chunk = chunks(rendering)
  const crowd = crowdOf(rendering.store)
  crowd.enter()
  try {
    for await (const batch of batches) {
      yield chunk(batch)
      const pause = crowd.pause(clock)
      if (pause) await pause
    }
  } catch (error) {
    yield chunk([{ type: 'ERROR', status: asApiError(error).status }])
  } finally {
    crowd.leave()
  }
}

/** The bytes of events that several watches were told, in each form; of many events in protobuf once they have been made. */
const made = new WeakMap<readonly WatchEvent[], Map<string, Uint8Array | Promise<Uint8Array>>>()

/** What was told to several as one list becomes bytes once. Rows of tables are each watch's own: the first one brings the columns, and ages differ. */
function chunks(rendering: ListRendering): (batch: readonly WatchEvent[]) => string | Uint8Array | Promise<Uint8Array> {
  const { as, version, media } = rendering.representation
  const line = lines(rendering)
  const text = (batch: readonly WatchEvent[]): string => batch.map(line).join('')
  if (as === 'Table') return text
  const form = `${media} ${as}/${version}`
  const bytesOf = media === 'application/vnd.kubernetes.protobuf' ? frames(rendering) : (batch: readonly WatchEvent[]): Uint8Array => Buffer.from(text(batch))
  return (batch) => {
    let forms = made.get(batch)
    if (!forms) made.set(batch, (forms = new Map()))
    const bytes = forms.get(form) ?? bytesOf(batch)
    forms.set(form, bytes)
    return bytes
  }
}

const frames = (rendering: ListRendering) => (batch: readonly WatchEvent[]): Promise<Uint8Array> => rendering.turns.through(eventFrames(batch.map((event) => told(event, rendering))))

/** What an event is about, of watches that show no tables. */
function told(event: WatchEvent, rendering: Rendering): ToldEvent {
  switch (event.type) {
    case 'ERROR':
      return { type: event.type, object: event.status as unknown as JsonObject }
    case 'BOOKMARK':
      return { type: event.type, object: bookmark(event, rendering, false) }
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: event.type, object: event.item.object, of: protobufKind(rendering) }
  }
}

function lines(rendering: Rendering): (event: WatchEvent) => string {
  let first = true
  return (event) => {
    const withColumns = first
    first = false
    return `{"type":"${event.type}","object":${objectText(event, rendering, withColumns)}}\n`
  }
}

function objectText(event: WatchEvent, rendering: Rendering, withColumns: boolean): string {
  switch (event.type) {
    case 'ERROR':
      return JSON.stringify(event.status)
    case 'BOOKMARK':
      return JSON.stringify(bookmark(event, rendering, withColumns))
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED': {
      if (rendering.representation.as === 'Table') return JSON.stringify(tableOf([event.item], { ...tableOptions(rendering, { resourceVersion: String(event.item.revision) }), withColumns }))
      const content = objectContent(event.item, rendering)
      return content.kind === 'text' ? content.json : JSON.stringify(content.value)
    }
  }
}

/** An object with nothing but its resourceVersion. */
function bookmark(event: Extract<WatchEvent, { readonly type: 'BOOKMARK' }>, { store, representation, nowMs, query }: Rendering, withColumns: boolean): JsonObject {
  const metadata: JsonObject = { resourceVersion: String(event.revision), ...(event.initialEventsEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }) }
  if (representation.as === 'Table') {
    const object = { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${representation.version}`, metadata }
    return { ...tableOf([], tableOptions({ store, representation, nowMs, query }, { resourceVersion: String(event.revision) }, withColumns)), rows: [{ cells: store.definition.columns.map(() => ''), object }] }
  }
  if (representation.as !== 'object') return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${representation.version}`, metadata }
  return { kind: store.definition.kind, apiVersion: store.apiVersion, metadata }
}
