import { allow, noOpinion, type Authorizer, type Decision } from './authorizer.ts'
import { selectedValue, type ResourceAttributes } from './attributes.ts'

const NODE_USER_PREFIX = 'system:node:'
const NODES_GROUP = 'system:nodes'
const LEASE_NAMESPACE = 'kube-node-lease'

/** What is bound to a node, as an index over informers answers it; nothing is looked up over the network. */
export interface NodeIndex {
  isPodOfNode(nodeName: string, pod: { readonly namespace: string; readonly name: string }): boolean
  /** Whether a pod bound to the node names the object (volumes, env, image pull secrets, service account); a PersistentVolume: whether the claim it is bound to is named so. */
  isReferencedByNode(nodeName: string, object: { readonly resource: 'secrets' | 'configmaps' | 'serviceaccounts' | 'persistentvolumeclaims' | 'persistentvolumes'; readonly namespace: string; readonly name: string }): boolean
}

const READS = new Set(['get', 'list', 'watch'])
const WRITES = new Set(['update', 'patch'])

/** The node a user is, or `undefined`. */
export function nodeNameOf(user: { readonly name: string; readonly groups: readonly string[] }): string | undefined {
  if (!user.groups.includes(NODES_GROUP) || !user.name.startsWith(NODE_USER_PREFIX)) return undefined
  return user.name.slice(NODE_USER_PREFIX.length) || undefined
}

/**
 * A node may touch what is its own: its Node, its lease, the pods bound to it and what those name. Objects that a node would create
 * (its Node, its lease) are made for it by the session, where the name is proven; a create names its object only in the body.
 */
export function nodeAuthorizer(index: NodeIndex): Authorizer {
  return (attributes) => {
    const nodeName = nodeNameOf(attributes.user)
    if (nodeName === undefined || attributes.kind === 'path') return noOpinion()
    switch (`${attributes.group}/${attributes.resource}`) {
      case '/nodes':
        return ownNode(nodeName, attributes)
      case '/pods':
        return ownPods(nodeName, attributes, index)
      case '/secrets':
      case '/configmaps':
      case '/serviceaccounts':
        return referenced(nodeName, attributes, index)
      case '/persistentvolumeclaims':
      case '/persistentvolumes':
        return volumeReads(nodeName, attributes, index)
      case 'coordination.k8s.io/leases':
        return ownLease(nodeName, attributes)
      case '/services':
      case 'discovery.k8s.io/endpointslices':
        return attributes.subresource === '' && READS.has(attributes.verb) ? allow() : noOpinion()
      case '/events':
      case 'events.k8s.io/events':
        return attributes.verb === 'create' || WRITES.has(attributes.verb) ? allow() : noOpinion()
      default:
        return noOpinion()
    }
  }
}

function ownNode(nodeName: string, wanted: ResourceAttributes): Decision {
  if (wanted.name !== nodeName) return noOpinion(`node "${nodeName}" can only access the node with its own name`)
  if (READS.has(wanted.verb) && wanted.subresource === '') return allow()
  return WRITES.has(wanted.verb) && (wanted.subresource === '' || wanted.subresource === 'status') ? allow() : noOpinion()
}

function ownPods(nodeName: string, wanted: ResourceAttributes, index: NodeIndex): Decision {
  if (wanted.name === '') {
    if (READS.has(wanted.verb) && selectedValue(wanted.fieldSelector, 'spec.nodeName') === nodeName) return allow()
    return noOpinion(`can only list/watch pods with spec.nodeName field selector`)
  }
  if (!index.isPodOfNode(nodeName, wanted)) return noOpinion(unrelated(nodeName))
  if (wanted.subresource === '') return READS.has(wanted.verb) || wanted.verb === 'delete' ? allow() : noOpinion()
  if (wanted.subresource === 'eviction') return wanted.verb === 'create' ? allow() : noOpinion()
  return wanted.subresource === 'status' && (wanted.verb === 'get' || WRITES.has(wanted.verb)) ? allow() : noOpinion()
}

function referenced(nodeName: string, wanted: ResourceAttributes, index: NodeIndex): Decision {
  const resource = wanted.resource as 'secrets' | 'configmaps' | 'serviceaccounts'
  if (wanted.name === '' || wanted.namespace === '') return noOpinion('can only read namespaced object of this type')
  const isToken = resource === 'serviceaccounts' && wanted.subresource === 'token' && wanted.verb === 'create'
  const isRead = wanted.subresource === '' && READS.has(wanted.verb)
  if (!isToken && !isRead) return noOpinion('can only read resources of this type')
  return index.isReferencedByNode(nodeName, { resource, namespace: wanted.namespace, name: wanted.name }) ? allow() : noOpinion(unrelated(nodeName))
}

/** One at a time, as Kubernetes has it: nobody watches them. */
function volumeReads(nodeName: string, { verb, subresource, resource, namespace, name }: ResourceAttributes, index: NodeIndex): Decision {
  if (verb !== 'get' || name === '') return noOpinion('can only get individual resources of this type')
  if (subresource !== '') return noOpinion('cannot get subresource')
  const isOwn = index.isReferencedByNode(nodeName, { resource: resource === 'persistentvolumes' ? resource : 'persistentvolumeclaims', namespace, name })
  return isOwn ? allow() : noOpinion(unrelated(nodeName))
}

function ownLease(nodeName: string, wanted: ResourceAttributes): Decision {
  if (wanted.namespace !== LEASE_NAMESPACE) return noOpinion(`can only access leases in the "${LEASE_NAMESPACE}" system namespace`)
  if (wanted.name !== nodeName) return noOpinion('can only access node lease with the same name as the requesting node')
  return wanted.verb === 'get' || WRITES.has(wanted.verb) ? allow() : noOpinion()
}

const unrelated = (nodeName: string): string => `no relationship found between node '${nodeName}' and this object`
