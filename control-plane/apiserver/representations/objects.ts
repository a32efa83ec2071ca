/** Objects and lists of them in whatever form was negotiated. */
import type { Scale } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import type { KubeObject } from '../../../shared/model/meta.ts'
import { plainColumns, plainRow } from '../../registry/columns/rbac.ts'
import { scaleColumns, scaleRow } from '../../registry/columns/scale.ts'
import type { Listing } from '../core/list.ts'
import type { ResourceStore } from '../core/resources.ts'
import { metaText } from '../core/stored.ts'
import type { CachedObject } from '../../storage/watch-cache-port.ts'
import type { ApiResponse } from '../request.ts'
import { notAcceptableForm } from '../status.ts'
import type { Representation } from './negotiate.ts'
import { metadataText } from './metadata-text.ts'
import { partialMetadata } from './partial.ts'
import { parseIncludeObject, tableOf, tableText, type Rows, type TableOptions } from './table.ts'
import { itemText, type ListBytes } from './list-bytes.ts'
import { body, piecesBody, type Content } from './write.ts'

export interface Rendering {
  readonly store: ResourceStore
  readonly representation: Representation
  readonly query: URLSearchParams
  readonly nowMs: number
}

export interface ListRendering extends Rendering {
  readonly lists: ListBytes
}

export function objectAnswer(status: number, item: CachedObject, rendering: Rendering): ApiResponse {
  return body(status, objectContent(item, rendering), rendering.representation)
}

export function objectContent(item: CachedObject, rendering: Rendering): Content {
  const { representation, store } = rendering
  switch (representation.as) {
    case 'object':
      return { kind: 'text', json: item.json() }
    case 'Table':
      return { kind: 'value', value: tableOf([item], tableOptions(rendering, { resourceVersion: metaText(item.object, 'resourceVersion') })) }
    case 'PartialObjectMetadata':
      return { kind: 'value', value: partialMetadata(item.object, representation.version) }
    case 'PartialObjectMetadataList':
      throw notAcceptableForm(`you requested PartialObjectMetadataList, but the requested object is not a list (${goType(store, '')})`)
  }
}

const scaleRows: Rows = { columns: scaleColumns, row: (scale, nowMs) => scaleRow(scale as unknown as Scale, nowMs) }
const plainRows: Rows = { columns: plainColumns, row: (scale) => plainRow(scale as unknown as KubeObject) }

/** The Scale of an object, which is stored nowhere. */
export function scaleAnswer(scale: JsonObject, rendering: Rendering): ApiResponse {
  const { representation, store } = rendering
  switch (representation.as) {
    case 'object':
      return body(200, { kind: 'value', value: scale }, representation)
    case 'Table': {
      const options = { ...tableOptions(rendering, { resourceVersion: metaText(scale, 'resourceVersion') }), definition: store.definition.custom ? plainRows : scaleRows }
      return body(200, { kind: 'value', value: tableOf([{ object: scale }], options) }, representation)
    }
    case 'PartialObjectMetadata':
      return body(200, { kind: 'value', value: partialMetadata(scale, representation.version) }, representation)
    case 'PartialObjectMetadataList':
      throw notAcceptableForm('you requested PartialObjectMetadataList, but the requested object is not a list (*autoscaling.Scale)')
  }
}

export function tableOptions({ store, representation, query, nowMs }: Rendering, metadata: JsonObject, withColumns = true): TableOptions {
  return { definition: store.definition, nowMs, include: parseIncludeObject(query), version: representation.version, metadata, withColumns }
}

/** The Go type that Kubernetes would name. */
const goType = ({ definition }: ResourceStore, suffix: string): string => `*${definition.group === '' ? 'core' : (definition.group.split('.')[0] ?? '')}.${definition.kind}${suffix}`

export function listAnswer(listing: Listing, rendering: ListRendering): ApiResponse {
  const { representation, store } = rendering
  const metadata = listMetadata(listing, store.definition.custom !== undefined && representation.as === 'object')
  switch (representation.as) {
    case 'object':
      return wholeList(listing, rendering, metadata)
    case 'Table':
      return body(200, { kind: 'text', json: tableText(listing.items, tableOptions(rendering, metadata)) }, representation)
    case 'PartialObjectMetadataList': {
      const apiVersion = `meta.k8s.io/${representation.version}`
      const items = listing.items.map((item) => `{"kind":"PartialObjectMetadata","apiVersion":"${apiVersion}","metadata":${metadataText(item)}}`)
      return body(200, { kind: 'text', json: `{"kind":"PartialObjectMetadataList","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[${items.join(',')}]}` }, representation)
    }
    case 'PartialObjectMetadata':
      throw listNotObject(store)
  }
}

const listNotObject = (store: ResourceStore): Error => notAcceptableForm(`you requested PartialObjectMetadata, but the requested object is a list (${goType(store, 'List')})`)

/** @param custom lists of custom resources say that there is no next page. */
export function listMetadata({ revision, continue: next, remaining }: Listing, custom = false): JsonObject {
  return { ...(revision > 0 && { resourceVersion: String(revision) }), ...((next !== undefined || custom) && { continue: next ?? '' }), ...(remaining !== undefined && { remainingItemCount: remaining }) }
}

/** Shorter lists are not worth more than one piece of text. */
const MANY_ITEMS = 16

function wholeList({ items }: Listing, { store, representation, lists }: ListRendering, metadata: JsonObject): ApiResponse {
  const { definition, apiVersion } = store
  const said = JSON.stringify(metadata)
  const head = definition.custom ? '' : `{"kind":${JSON.stringify(definition.kind)},"apiVersion":${JSON.stringify(apiVersion)},`
  const [before, after] = definition.custom
    ? [`{"apiVersion":"${apiVersion}","items":[`, `],"kind":"${definition.custom.listKind}","metadata":${said}}`]
    : [`{"kind":"${definition.kind}List","apiVersion":"${apiVersion}","metadata":${said},"items":[`, ']}']
  if (items.length < MANY_ITEMS || representation.media !== 'application/json' || representation.pretty) {
    const json = `${before}${items.map((item) => itemText(item, head)).join(',')}${after}`
    return body(200, { kind: 'text', json }, representation)
  }
  return piecesBody(200, [Buffer.from(before), ...lists.of(items, head), Buffer.from(`${after}\n`)])
}
