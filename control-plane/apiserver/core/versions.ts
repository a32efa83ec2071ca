/** What a write may say in `metadata.resourceVersion`. */
import type { JsonObject } from '../../../shared/model/json.ts'
import { invalid as invalidField } from '../../../shared/model/field-error.ts'
import type { Revision } from '../../storage/port.ts'
import { conflict, invalid, modifiedMessage, plainError } from '../status.ts'
import type { At } from './call.ts'
import type { ResourceStore } from './resources.ts'
import { metaText } from './stored.ts'

export function checkRevisionAtCreate(object: JsonObject): void {
  const text = metaText(object, 'resourceVersion')
  if (text !== '' && text !== '0') throw plainError('resourceVersion should not be set on objects to be created')
}

/** What Kubernetes' storage says when another object has taken the name. */
export const uidMessage = (plural: string, at: At, { wanted, has }: { readonly wanted: string; readonly has: string }): string =>
  `StorageError: invalid object, Code: 4, Key: /registry/${plural}/${at.namespace === '' ? '' : `${at.namespace}/`}${at.name}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${has}`

/** The revision an update expects; 0 if it expects none. */
export function expectedRevision(object: JsonObject): Revision {
  const text = metaText(object, 'resourceVersion')
  if (text === '') return 0
  if (!/^\d+$/.test(text)) throw plainError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`)
  return Number(text)
}

/** Throws a 409 when the update expects another revision than the one that stands there, a 422 when it must expect one and does not. */
export function checkExpectedRevision(store: ResourceStore, object: JsonObject, current: { readonly name: string; readonly revision: Revision }): void {
  const expected = expectedRevision(object)
  if (expected === 0) {
    if (store.definition.allowUnconditionalUpdate) return
    throw invalid(store.resource, current.name, [invalidField('metadata.resourceVersion', 0, 'must be specified for an update')])
  }
  if (expected !== current.revision) throw conflict(store.resource, current.name, modifiedMessage)
}
