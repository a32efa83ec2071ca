/** What a write may say in `metadata.resourceVersion`. */
import type { JsonObject } from '../../../shared/model/json.ts'
import { invalid as invalidField } from '../../../shared/model/field-error.ts'
import type { Revision } from '../../storage/port.ts'
import { conflict, invalid, modifiedMessage, plainError } from '../status.ts'
import type { KindDefinition } from '../../registry/kind.ts'
import type { At } from './call.ts'
import type { ResourceStore } from './resources.ts'
import { metaText } from './stored.ts'

/** What is no number is no matter. */
export function checkRevisionAtCreate(object: JsonObject): void {
  const text = metaText(object, 'resourceVersion')
  if (isUint64(text) && BigInt(text) > 0n) throw plainError('resourceVersion should not be set on objects to be created')
}

const isUint64 = (text: string): boolean => /^\d+$/.test(text) && BigInt(text) < 2n ** 64n

/** Resources that Kubernetes' storage knows by another name than their own. */
const STORED_UNDER: Readonly<Record<string, string>> = {
  '/endpoints': 'services/endpoints',
  '/nodes': 'minions',
  '/replicationcontrollers': 'controllers',
  '/services': 'services/specs',
  'networking.k8s.io/ingresses': 'ingress',
  'apiextensions.k8s.io/customresourcedefinitions': 'apiextensions.k8s.io/customresourcedefinitions',
  'apiregistration.k8s.io/apiservices': 'apiregistration.k8s.io/apiservices',
}

/** What Kubernetes' storage says when another object has taken the name, or none has it; in a dry run it is not asked by the whole key. */
export function uidMessage({ group, plural, custom }: Pick<KindDefinition, 'group' | 'plural' | 'custom'>, at: At, { wanted, has, dryRun = false }: { readonly wanted: string; readonly has: string; readonly dryRun?: boolean }): string {
  const qualified = `${group}/${plural}`
  const key = [custom ? qualified : (STORED_UNDER[qualified] ?? plural), ...(at.namespace === '' ? [] : [at.namespace]), at.name].join('/')
  return `StorageError: invalid object, Code: 4, Key: ${dryRun ? '' : '/registry'}/${key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${has}`
}

/** The revision an update expects; 0 if it expects none. */
export function expectedRevision(object: JsonObject): Revision {
  const text = metaText(object, 'resourceVersion')
  if (text === '') return 0
  if (!isUint64(text)) throw plainError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: ${/^\d+$/.test(text) ? 'value out of range' : 'invalid syntax'}`)
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
