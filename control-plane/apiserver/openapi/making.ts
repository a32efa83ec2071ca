/** Makes documents of kinds that are told as plain data. */
import { readJson, type JsonObject } from '../../../shared/model/json.ts'
import { KUBERNETES_VERSION } from '../http/version.ts'
import type { DiscoveredKind, DiscoveredVersion } from '../discovery/groups.ts'
import { schemaLookup } from './custom-schemas.ts'
import { readDescriptions } from './descriptions.ts'
import { documentV2 } from './document-v2.ts'
import { documentV3, rootDocumentV3, type Document, type DocumentOptions } from './document-v3.ts'
import { isCustom } from './kinds.ts'
import { pack, type Packed } from './packed.ts'
import { protobufV2 } from './protobuf-v2.ts'
import { protobufV3 } from './protobuf-v3.ts'
import { rootsOf } from './roots.ts'

export interface Wanted {
  /** All group versions that are served. */
  readonly versions: readonly DiscoveredVersion[]
  readonly documents: readonly DocumentName[]
}

/** By its place in `versions`, or everything in one; as JSON if no form is told. */
export type DocumentName = ({ readonly kind: 'v3'; readonly index: number } | { readonly kind: 'root'; readonly name: string } | { readonly kind: 'v2' }) & { readonly form?: Form }

export type Form = 'json' | 'protobuf'

/** Answers the documents in the order in which they are wanted. */
export type Maker = (wanted: Wanted) => Promise<readonly Packed[]>

/** In this very thread. */
export const makeHere: Maker = async ({ versions, documents }) => {
  const descriptions = await readDescriptions()
  // What is built in belongs to every group version that is built in.
  const groupVersions = versions.filter((version) => !isCustom(version))
  const version = `v${KUBERNETES_VERSION.major}.${KUBERNETES_VERSION.minor}.${KUBERNETES_VERSION.patch}`
  const optionsFor = (kinds: readonly DiscoveredKind[]): DocumentOptions => ({ version, groupVersions, descriptions, find: schemaLookup(kinds) })
  const made: Packed[] = []
  for (const name of documents) {
    const { json, body } = documentNamed(name, versions, optionsFor)
    made.push(await pack(body, json))
  }
  return made
}

/** A document is known by its JSON, in whichever form it is sent. */
interface Made {
  readonly json: string
  readonly body: string | Buffer
}

function documentNamed(name: DocumentName, versions: readonly DiscoveredVersion[], optionsFor: (kinds: readonly DiscoveredKind[]) => DocumentOptions): Made {
  if (name.kind === 'v2') {
    const document = documentV2(versions, optionsFor(versions.flatMap(({ kinds }) => kinds)))
    const json = JSON.stringify(document)
    return { json, body: name.form === 'protobuf' ? protobufV2(document) : json }
  }
  const json = JSON.stringify(name.kind === 'v3' ? groupDocument(name.index, versions, optionsFor) : rootDocument(name.name, versions, optionsFor))
  return { json, body: name.form === 'protobuf' ? protobufV3(readJson(json) as JsonObject) : json }
}

function groupDocument(index: number, versions: readonly DiscoveredVersion[], optionsFor: (kinds: readonly DiscoveredKind[]) => DocumentOptions): Document {
  const version = versions[index]
  if (!version) throw new Error(`no group version number ${index}`)
  return documentV3(version, optionsFor(version.kinds))
}

function rootDocument(name: string, versions: readonly DiscoveredVersion[], optionsFor: (kinds: readonly DiscoveredKind[]) => DocumentOptions): Document {
  const root = rootsOf(versions).find((one) => one.name === name)
  if (!root) throw new Error(`no document ${name}`)
  return rootDocumentV3(root, optionsFor([]))
}

/** Only what documents tell of: what can be sent to another thread. */
export const plainVersion = ({ kinds, ...version }: DiscoveredVersion): DiscoveredVersion => ({ ...version, kinds: kinds.map(plainKind) })

function plainKind(kind: DiscoveredKind): DiscoveredKind {
  const { group, version, kind: name, plural, singular, shortNames, categories, namespaced, schema, verbs, custom, deleteAnswers } = kind
  const subresources = kind.subresources.map((one) => ({ ...one }))
  return { group, version, kind: name, plural, singular, shortNames, categories, namespaced, schema, verbs, subresources, deleteAnswers, ...(custom && { custom }) }
}
