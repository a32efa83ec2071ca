/** The events of a watch as chunks of JSON lines: one chunk for what comes together. */
import type { JsonObject } from '../../../shared/model/json.ts'
import type { WatchEvent } from '../core/watch.ts'
import { asApiError } from '../status.ts'
import { objectContent, tableOptions, type Rendering } from './objects.ts'
import { tableOf } from './table.ts'

export async function* watchChunks(batches: AsyncIterable<readonly WatchEvent[]>, rendering: Rendering): AsyncGenerator<string> {
  const line = lines(rendering)
  try {
    for await (const batch of batches) yield batch.map(line).join('')
  } catch (error) {
    yield `{"type":"ERROR","object":${JSON.stringify(asApiError(error).status)}}\n`
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
