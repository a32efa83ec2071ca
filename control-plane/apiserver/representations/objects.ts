/** Objects and lists of them in whatever form was negotiated. */
import type { Turns } from '../../../shared/kit/turns.ts'
import type { Scale } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { customScaleColumns, customScaleRow, scaleColumns, scaleRow } from '../../registry/columns/scale.ts'
import type { Listing } from '../core/list.ts'
import type { ResourceStore } from '../core/resources.ts'
import { metaText } from '../core/stored.ts'
import type { CachedObject } from '../../storage/watch-cache-port.ts'
import type { ApiResponse } from '../request.ts'
import { notAcceptableForm } from '../status.ts'
import type { Representation } from './negotiate.ts'
import type { ListTexts } from './list-texts.ts'
import { partialMetadataText } from './metadata-text.ts'
import { partialMetadata } from './partial.ts'
import { parseIncludeObject, tableList, tableOf, type Rows, type TableOptions } from './table.ts'
import { itemText, type ListBytes, textPieces } from './list-bytes.ts'
import { itemPieces, listPieces, type TypeMeta } from '../protobuf/write-body.ts'
import { body, piecesBody, type Content } from './write.ts'

export interface Rendering {
  readonly store: ResourceStore
  readonly representation: Representation
  readonly query: URLSearchParams
  readonly nowMs: number
}

/** Of what is made of many objects. */
export interface ListRendering extends Rendering {
  readonly lists: ListBytes
  /** By which what takes long leaves the loop to others. */
  readonly turns: Turns
}

export function objectAnswer(status: number, item: CachedObject, rendering: Rendering): ApiResponse {
  return body(status, objectContent(item, rendering), rendering.representation)
}

const PROTOBUF = 'application/vnd.kubernetes.protobuf'

export function objectContent(item: CachedObject, rendering: Rendering): Content {
  const { as, media } = rendering.representation
  return as === 'object' && media !== PROTOBUF ? { kind: 'text', json: item.json() } : { kind: 'value', value: objectValue(item, rendering) }
}

/** The object as it is shown. Throws a 406 for what it cannot be shown as. */
export function objectValue({ object }: Pick<CachedObject, 'object'>, rendering: Rendering): JsonObject {
  const { representation, store } = rendering
  switch (representation.as) {
    case 'object':
      return object
    case 'Table':
      return tableOf([{ object }], tableOptions(rendering, { resourceVersion: metaText(object, 'resourceVersion') }))
    case 'PartialObjectMetadata':
      return partialMetadata(object, representation.version)
    case 'PartialObjectMetadataList':
      throw notAcceptableForm(`you requested PartialObjectMetadataList, but the requested object is not a list (${goType(store, '')})`)
  }
}

const scaleRows: Rows = { columns: scaleColumns, row: (scale, nowMs) => scaleRow(scale as unknown as Scale, nowMs) }
const customScaleRows: Rows = { columns: customScaleColumns, row: (scale, nowMs) => customScaleRow(scale as unknown as Scale, nowMs) }

/** The Scale of an object, which is stored nowhere. */
export function scaleAnswer(scale: JsonObject, rendering: Rendering): ApiResponse {
  const { representation, store } = rendering
  switch (representation.as) {
    case 'object':
      return body(200, { kind: 'value', value: scale }, representation)
    case 'Table': {
      const options = { ...tableOptions(rendering, { resourceVersion: metaText(scale, 'resourceVersion') }), definition: store.definition.custom ? customScaleRows : scaleRows }
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

export async function listAnswer(listing: Listing, rendering: ListRendering): Promise<ApiResponse> {
  const { representation, store } = rendering
  const metadata = listMetadata(listing, store.definition.custom !== undefined && representation.as === 'object')
  switch (representation.as) {
    case 'object':
      if (representation.media === PROTOBUF) return protobufList(listing, rendering, metadata)
      return listBody(listing, rendering, objectList(store, metadata))
    case 'Table':
      return listBody(listing, rendering, tableList(tableOptions({ ...rendering, nowMs: wholeSecond(rendering.nowMs) }, metadata)))
    case 'PartialObjectMetadataList':
      if (representation.media === PROTOBUF) return protobufList(listing, rendering, metadata)
      return listBody(listing, rendering, metadataList(representation.version, metadata))
    case 'PartialObjectMetadata':
      throw listNotObject(store)
  }
}

/** Ages are told in seconds: those who ask within the same one are told the same. */
const wholeSecond = (ms: number): number => Math.floor(ms / 1000) * 1000

const listNotObject = (store: ResourceStore): Error => notAcceptableForm(`you requested PartialObjectMetadata, but the requested object is a list (${goType(store, 'List')})`)

/** @param custom lists of custom resources say that there is no next page. */
export function listMetadata({ revision, continue: next, remaining }: Listing, custom = false): JsonObject {
  return { ...(revision > 0 && { resourceVersion: String(revision) }), ...((next !== undefined || custom) && { continue: next ?? '' }), ...(remaining !== undefined && { remainingItemCount: remaining }) }
}

/** Shorter lists are not worth more than one piece of text. */
const MANY_ITEMS = 16

function listBody({ items }: Listing, { store, representation, lists }: ListRendering, texts: ListTexts): ApiResponse {
  if (items.length < MANY_ITEMS || representation.media !== 'application/json' || representation.pretty) {
    return body(200, { kind: 'text', json: `${texts.before}${texts.of(items).join(',')}${texts.end}${texts.after}` }, representation)
  }
  const shared = lists.of({ items, by: store.definition, form: texts.form }, () => textPieces({ each: texts.of(items), end: texts.after === '' ? `${texts.end}\n` : texts.end }))
  return piecesBody(200, 'application/json', [Buffer.from(texts.before), ...shared, ...(texts.after === '' ? [] : [Buffer.from(`${texts.after}\n`)])])
}

/** The items' bytes are shared as those of their texts are. */
async function protobufList({ items }: Listing, rendering: ListRendering, metadata: JsonObject): Promise<ApiResponse> {
  const { store, lists, turns } = rendering
  const of = protobufKind(rendering)
  const make = (): Promise<readonly Uint8Array[]> => turns.through(itemPieces(items.map((item) => item.object), of))
  const pieces = items.length < MANY_ITEMS ? await make() : await lists.soon({ items, by: store.definition, form: `protobuf ${of.apiVersion} ${of.kind}` }, make)
  return piecesBody(200, PROTOBUF, listPieces({ apiVersion: of.apiVersion, kind: `${of.kind}List`, metadata }, pieces))
}

/** As what objects of a list or a watch stand in protobuf. */
export const protobufKind = ({ store, representation }: Rendering): TypeMeta =>
  representation.as === 'object' ? { apiVersion: store.apiVersion, kind: store.definition.kind } : { apiVersion: `meta.k8s.io/${representation.version}`, kind: 'PartialObjectMetadata' }

function objectList({ definition, apiVersion }: ResourceStore, metadata: JsonObject): ListTexts {
  const said = JSON.stringify(metadata)
  const { kind, custom } = definition
  if (custom) return { form: 'list', before: `{"apiVersion":"${apiVersion}","items":[`, of: (items) => items.map((item) => item.json()), end: '', after: `],"kind":"${custom.listKind}","metadata":${said}}` }
  const head = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},`
  return { form: 'list', before: `{"kind":"${kind}List","apiVersion":"${apiVersion}","metadata":${said},"items":[`, of: (items) => items.map((item) => itemText(item, head)), end: ']}', after: '' }
}

function metadataList(version: string, metadata: JsonObject): ListTexts {
  const apiVersion = `meta.k8s.io/${version}`
  return {
    form: `metadata ${version}`,
    before: `{"kind":"PartialObjectMetadataList","apiVersion":"${apiVersion}","metadata":${JSON.stringify(metadata)},"items":[`,
    of: (items) => items.map((item) => partialMetadataText(item, version)),
    end: ']}',
    after: '',
  }
}
