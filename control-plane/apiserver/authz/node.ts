import { allow, noOpinion, type Authorizer, type Decision } from './authorizer.ts'
import { selectedValue, type ResourceAttributes } from './attributes.ts'
import { NODES } from './groups.ts'

export const NODE_USER_PREFIX = 'system:node:'
export const LEASE_NAMESPACE = 'kube-node-lease'

/** What is bound to a node, as an index over informers answers it; nothing is looked up over the network. */
export interface NodeIndex {
  isPodOfNode(nodeName: string, pod: { readonly namespace: string; readonly name: string }): boolean
  /** Whether a pod bound to the node names the object (volumes, env, image pull secrets, service account); a PersistentVolume: whether the claim it is bound to is named so. */
  isReferencedByNode(nodeName: string, object: { readonly resource: 'secrets' | 'configmaps' | 'serviceaccounts' | 'persistentvolumeclaims' | 'persistentvolumes' | 'resourceclaims'; readonly namespace: string; readonly name: string }): boolean
}

const READS: ReadonlySet<string> = new Set(['get', 'list', 'watch'])
const WRITES: ReadonlySet<string> = new Set(['update', 'patch'])
const CREATE: ReadonlySet<string> = new Set(['create'])
const CREATE_AND_WRITES: ReadonlySet<string> = new Set(['create', 'update', 'patch'])
/** Of what bears a node's name. */
const OWN_VERBS: ReadonlySet<string> = new Set(['get', 'create', 'update', 'patch', 'delete'])

/** What is no node's own, and what every node may do with it. */
const EVERY_NODE: Readonly<Record<string, ReadonlySet<string>>> = {
  '/services': READS,
  'discovery.k8s.io/endpointslices': READS,
  'node.k8s.io/runtimeclasses': READS,
  'storage.k8s.io/csidrivers': READS,
  '/events': CREATE_AND_WRITES,
  'events.k8s.io/events': CREATE_AND_WRITES,
  'certificates.k8s.io/certificatesigningrequests': new Set(['create', 'get', 'list', 'watch']),
  'authentication.k8s.io/tokenreviews': CREATE,
  'authorization.k8s.io/subjectaccessreviews': CREATE,
  'authorization.k8s.io/localsubjectaccessreviews': CREATE,
}

/** The node a user is: empty for one that says it is a node but not which. `undefined` for everybody else. */
export function nodeNameOf(user: { readonly name: string; readonly groups: readonly string[] }): string | undefined {
  if (!user.groups.includes(NODES) || !user.name.startsWith(NODE_USER_PREFIX)) return undefined
  return user.name.slice(NODE_USER_PREFIX.length)
}

/**
 * A node may touch what is its own: its Node, its lease, the pods bound to it and what those name. What it creates is named in the body alone: that it is its own is
 * for admission to see (`admission/node-restriction.ts`).
 */
export function nodeAuthorizer(index: NodeIndex): Authorizer {
  return (attributes) => {
    const nodeName = nodeNameOf(attributes.user)
    if (nodeName === undefined) return noOpinion()
    if (nodeName === '') return noOpinion(`unknown node for user ${JSON.stringify(attributes.user.name)}`)
    if (attributes.kind === 'path') return noOpinion()
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
      case 'resource.k8s.io/resourceclaims':
        return named(nodeName, attributes, index)
      case 'coordination.k8s.io/leases':
        return ownLease(nodeName, attributes)
      case 'storage.k8s.io/csinodes':
        return ownDrivers(nodeName, attributes)
      case 'resource.k8s.io/resourceslices':
        return ownSlices(nodeName, attributes)
      default:
        return EVERY_NODE[`${attributes.group}/${attributes.resource}`]?.has(attributes.verb) === true && attributes.subresource === '' ? allow() : noOpinion()
    }
  }
}

function ownNode(nodeName: string, wanted: ResourceAttributes): Decision {
  if (wanted.verb === 'create' && wanted.name === '') return allow()
  if (wanted.name !== nodeName) return noOpinion(`node "${nodeName}" can only access the node with its own name`)
  if (READS.has(wanted.verb) && wanted.subresource === '') return allow()
  return WRITES.has(wanted.verb) && (wanted.subresource === '' || wanted.subresource === 'status') ? allow() : noOpinion()
}

function ownPods(nodeName: string, wanted: ResourceAttributes, index: NodeIndex): Decision {
  if (wanted.name === '') {
    if (READS.has(wanted.verb) && selectedValue(wanted.fieldSelector, 'spec.nodeName') === nodeName) return allow()
    if (wanted.verb === 'create') return allow()
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

/** One at a time, as Kubernetes has it: nobody watches them. How a claim is, its node may also say. */
function named(nodeName: string, { verb, subresource, resource, namespace, name }: ResourceAttributes, index: NodeIndex): Decision {
  if (resource === 'persistentvolumeclaims' && subresource === 'status') {
    if (!WRITES.has(verb)) return noOpinion('can only get/update/patch this type')
  } else {
    if (verb !== 'get' || name === '') return noOpinion('can only get individual resources of this type')
    if (subresource !== '') return noOpinion('cannot get subresource')
  }
  return index.isReferencedByNode(nodeName, { resource: resource as 'persistentvolumes' | 'persistentvolumeclaims' | 'resourceclaims', namespace, name }) ? allow() : noOpinion(unrelated(nodeName))
}

function ownLease(nodeName: string, wanted: ResourceAttributes): Decision {
  if (!OWN_VERBS.has(wanted.verb)) return noOpinion('can only get, create, update, patch, or delete a node lease')
  if (wanted.namespace !== LEASE_NAMESPACE) return noOpinion(`can only access leases in the "${LEASE_NAMESPACE}" system namespace`)
  return isOwnName(nodeName, wanted) ? allow() : noOpinion('can only access node lease with the same name as the requesting node')
}

/** The name of what is created stands in its body. */
const isOwnName = (nodeName: string, { verb, name }: ResourceAttributes): boolean => name === nodeName || (verb === 'create' && name === '')

function ownDrivers(nodeName: string, wanted: ResourceAttributes): Decision {
  if (!OWN_VERBS.has(wanted.verb)) return noOpinion('can only get, create, update, patch, or delete a CSINode')
  if (wanted.subresource !== '') return noOpinion('cannot authorize CSINode subresources')
  return isOwnName(nodeName, wanted) ? allow() : noOpinion('can only access CSINode with the same name as the requesting node')
}

const COLLECTIONS: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection'])

function ownSlices(nodeName: string, { verb, subresource, name, fieldSelector }: ResourceAttributes): Decision {
  if (subresource !== '') return noOpinion('cannot authorize ResourceSlice subresources')
  if (verb === 'create' && name === '') return allow()
  if (!COLLECTIONS.has(verb)) return noOpinion(unrelated(nodeName))
  return selectedValue(fieldSelector, 'spec.nodeName') === nodeName ? allow() : noOpinion('can only list/watch/deletecollection resourceslices with nodeName field selector')
}

const unrelated = (nodeName: string): string => `no relationship found between node '${nodeName}' and this object`
