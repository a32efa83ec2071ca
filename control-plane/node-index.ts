import type { Pod, Secret, ServiceAccount } from '../shared/model/gen/api.ts'
import { namespaceOf, objectKey, uidOf, type KubeObject } from '../shared/model/meta.ts'
import { nodes, persistentVolumes, pods, secrets, serviceAccounts } from '../shared/model/resources.ts'
import { wantedClaim } from '../shared/model/resource-claim.ts'
import { parseTime } from '../shared/model/time.ts'
import { claimKeysOf, claimOfVolume } from '../shared/model/volume-claims.ts'
import type { NodeIndex } from './apiserver/authz/node.ts'
import type { BoundObjects, FoundObject } from './apiserver/authn/token-verifier.ts'
import { POD_NODE_INDEX, podNodes } from './dispatch/assignments.ts'
import { referencesOf } from './dispatch/references.ts'
import type { Informers, Lister } from './informers/port.ts'

/** What is bound to which node, for the node authorizer; read from the informers. */
export function nodeIndex(informers: Informers): NodeIndex {
  const all = informers.for(pods)
  const volumes = informers.for(persistentVolumes)
  all.addIndex(POD_NODE_INDEX, podNodes)
  return {
    isPodOfNode: (nodeName, { namespace, name }) => all.get(objectKey(namespace, name))?.spec?.nodeName === nodeName,
    isReferencedByNode(nodeName, object) {
      const volume = object.resource === 'persistentvolumes' ? volumes.get(object.name) : undefined
      const claim = volume && claimOfVolume(volume)
      return all.byIndex(POD_NODE_INDEX, nodeName).some((pod) => (claim === undefined ? names(pod, object) : claimKeysOf(pod).includes(claim)))
    },
  }
}

type Reference = Parameters<NodeIndex['isReferencedByNode']>[1]

function names(pod: Pod, { resource, namespace, name }: Reference): boolean {
  const references = referencesOf(pod)
  const key = objectKey(namespace, name)
  switch (resource) {
    case 'secrets':
      return references.secrets.includes(key)
    case 'configmaps':
      return references.configMaps.includes(key)
    case 'persistentvolumeclaims':
      return references.claims.includes(key)
    case 'serviceaccounts':
      return references.serviceAccount === key
    case 'resourceclaims':
      return namespace === namespaceOf(pod) && (pod.spec?.resourceClaims ?? []).some((entry) => {
        const wanted = wantedClaim(pod, entry)
        return wanted.kind === 'named' && wanted.name === name
      })
    case 'persistentvolumes':
      return false
  }
}

/** What service account tokens are bound to, from the informers. */
export function boundObjects(informers: Informers): BoundObjects {
  const listers: Readonly<Record<Parameters<BoundObjects['find']>[0], Lister<KubeObject>>> = {
    pods: informers.for(pods) as Lister<KubeObject>,
    secrets: informers.for<Secret>(secrets) as Lister<KubeObject>,
    serviceaccounts: informers.for<ServiceAccount>(serviceAccounts) as Lister<KubeObject>,
    nodes: informers.for(nodes) as Lister<KubeObject>,
  }
  return {
    find(resource, namespace, name): Promise<FoundObject | undefined> {
      const object = listers[resource].get(resource === 'nodes' ? name : objectKey(namespace, name))
      return Promise.resolve(object && { uid: uidOf(object), deletionMs: parseTime(object.metadata.deletionTimestamp), ...(resource === 'secrets' && { token: (object as Secret).data?.['token'] }) })
    },
  }
}
