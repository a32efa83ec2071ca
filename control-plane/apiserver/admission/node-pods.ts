/** What a node may do to pods: tell how its own are, take them away, and show the static ones it runs by itself, which refer to nothing else. */
import type { Node, Pod } from '../../../shared/model/gen/api.ts'
import { deepEqual, type JsonObject } from '../../../shared/model/json.ts'
import { notFound } from '../status.ts'
import { referredBy } from './api-references.ts'
import type { AdmissionRequest } from './plugin.ts'
import { cachedObject, findObject, nodesResource, type AdmissionSources } from './sources.ts'

const MIRROR = 'kubernetes.io/config.mirror'

const podIn = (object: JsonObject | undefined): Pod => object as unknown as Pod

export const labelsOf = (object: JsonObject): Readonly<Record<string, string>> => (podIn(object).metadata.labels ?? {}) as Readonly<Record<string, string>>

/** Why a node may not; `undefined` if it may. Throws a 404 for what is not there. */
export function whyNotNodesPod(request: AdmissionRequest, nodeName: string, sources: AdmissionSources): string | undefined | Promise<string | undefined> {
  const node = `node ${JSON.stringify(nodeName)}`
  const { operation, subresource, object, old, namespace, name } = request
  switch (subresource) {
    case '':
      if (operation === 'CREATE') return whyNotMirror(request, nodeName, sources)
      if (operation !== 'DELETE') return `unexpected operation ${JSON.stringify(operation)}, ${node} can only create and delete mirror pods`
      return podIn(old).spec?.nodeName === nodeName ? undefined : `${node} can only delete pods with spec.nodeName set to itself`
    case 'status':
      return operation === 'UPDATE' && old ? whyNotStatus(podIn(object), podIn(old), nodeName) : `unexpected operation ${JSON.stringify(operation)}`
    case 'eviction': {
      const pod = cachedObject(sources, { group: '', version: 'v1', plural: 'pods' }, { namespace, name })
      if (!pod) throw notFound({ group: '', name: 'pods' }, name)
      return podIn(pod).spec?.nodeName === nodeName ? undefined : `node ${nodeName} can only evict pods with spec.nodeName set to itself`
    }
    default:
      return `unexpected pod subresource ${JSON.stringify(subresource)}, only 'status' and 'eviction' are allowed`
  }
}

function whyNotStatus(pod: Pod, old: Pod, nodeName: string): string | undefined {
  const node = `node ${JSON.stringify(nodeName)}`
  if (old.spec?.nodeName !== nodeName) return `${node} can only update pod status for pods with spec.nodeName set to itself`
  // Labels decide which services and policies a pod belongs to, and claims what it may use.
  if (!deepEqual(pod.metadata.labels ?? {}, old.metadata.labels ?? {})) return `${node} cannot update labels through pod status`
  if (!deepEqual(pod.status?.resourceClaimStatuses ?? [], old.status?.resourceClaimStatuses ?? [])) return `${node} cannot update resource claim statues`
  if (!deepEqual(pod.status?.extendedResourceClaimStatus, old.status?.extendedResourceClaimStatus)) return `${node} cannot update extended resource claim status`
  return undefined
}

async function whyNotMirror({ object, call }: AdmissionRequest, nodeName: string, sources: AdmissionSources): Promise<string | undefined> {
  const node = `node ${JSON.stringify(nodeName)}`
  const { metadata, spec } = podIn(object)
  if (metadata.annotations?.[MIRROR] === undefined) return `pod does not have ${JSON.stringify(MIRROR)} annotation, ${node} can only create mirror pods`
  if (spec?.nodeName !== nodeName) return `${node} can only create pods with spec.nodeName set to itself`
  const [owner, ...others] = metadata.ownerReferences ?? []
  if (others.length > 0) return `${node} can only create pods with a single owner reference set to itself`
  if (!owner || owner.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== nodeName) return `${node} can only create pods with an owner reference set to itself`
  if (!owner.controller) return `${node} can only create pods with a controller owner reference set to itself`
  if (owner.blockOwnerDeletion) return `${node} must not set blockOwnerDeletion on an owner reference`
  const itself = await findObject(sources, nodesResource, { namespace: '', name: nodeName, signal: call.signal })
  if (!itself) throw notFound({ group: '', name: 'nodes' }, nodeName)
  const { uid = '' } = (itself as unknown as Node).metadata
  if (owner.uid !== uid) return `node ${nodeName} UID mismatch: expected ${owner.uid} got ${uid}`
  const referred = referredBy(podIn(object))
  return referred === undefined ? undefined : `${node} can not create pods that reference ${referred}`
}
