/** Adopting and letting go, as writes. */
import type { OwnerReference } from '../../../shared/model/gen/api.ts'
import { nameOf, namespaceOf, uidOf, type KubeObject } from '../../../shared/model/meta.ts'
import type { Resource } from '../../../shared/model/resources.ts'
import type { ApiClient } from '../../client/port.ts'
import { ignoreMissing } from '../answers.ts'

/** Adds the owner; answers the object as it is now, or `undefined` if it is gone meanwhile. */
export function adopt<T extends KubeObject>(client: ApiClient, resource: Resource<T>, of: { readonly object: T; readonly owner: OwnerReference }): Promise<T | undefined> {
  const reference = { apiVersion: of.owner.apiVersion, kind: of.owner.kind, name: of.owner.name, uid: of.owner.uid, controller: true, blockOwnerDeletion: true }
  return patchOwners(client, resource, { object: of.object, references: [reference] })
}

/** Takes the owner away again. */
export function release<T extends KubeObject>(client: ApiClient, resource: Resource<T>, of: { readonly object: T; readonly ownerUid: string }): Promise<T | undefined> {
  return patchOwners(client, resource, { object: of.object, references: [{ $patch: 'delete', uid: of.ownerUid }] })
}

interface OwnersPatch<T> {
  readonly object: T
  readonly references: ReadonlyArray<Readonly<Record<string, string | boolean>>>
}

/** The uid in the patch makes sure that it meets this very object and no namesake. */
async function patchOwners<T extends KubeObject>(client: ApiClient, resource: Resource<T>, { object, references }: OwnersPatch<T>): Promise<T | undefined> {
  const at = { namespace: namespaceOf(object), name: nameOf(object) }
  return client.patch(resource, at, { type: 'strategic', body: { metadata: { ownerReferences: references, uid: uidOf(object) } } }).catch(ignoreMissing)
}
