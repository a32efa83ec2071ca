/** What a node may change of its own objects: how they are, not what was decided about them. Of what the authorizer cannot see, a body's name, this sees to it that it is its own. */
import type { CertificateSigningRequest, CSINode, Lease, Node, PersistentVolumeClaim, ResourceSlice } from '../../../shared/model/gen/api.ts'
import { deepEqual, type JsonObject } from '../../../shared/model/json.ts'
import { whyNotNewNodeLabels, whyNotNodeLabels } from '../../../shared/model/node-labels.ts'
import { LEASE_NAMESPACE, nodeNameOf, NODE_USER_PREFIX } from '../authz/node.ts'
import { labelsOf, whyNotNodesPod } from './node-pods.ts'
import type { AdmissionPlugin, AdmissionRequest } from './plugin.ts'
import { forbid } from './refuse.ts'
import type { AdmissionSources } from './sources.ts'

/** Why a node may not, in Kubernetes' words; `undefined` where it may. May throw what is to be answered instead. */
type WhyNot = (request: AdmissionRequest, nodeName: string, sources: AdmissionSources) => string | undefined | Promise<string | undefined>

export function nodeRestriction(sources: AdmissionSources): AdmissionPlugin {
  async function check(request: AdmissionRequest, nodeName: string): Promise<void> {
    const { group, plural } = request.store.definition
    if (nodeName === '') throw forbid(request, `could not determine node from user ${JSON.stringify(request.call.user.name)}`)
    const reason = await RESTRICTED[`${group}/${plural}`]?.(request, nodeName, sources)
    if (reason !== undefined) throw forbid(request, reason)
  }
  return {
    name: 'NodeRestriction',
    anyKind: true,
    // As Kubernetes: before others fill in what a node did not say.
    mutate(request) {
      const nodeName = nodeNameOf(request.call.user)
      if (nodeName === undefined || request.operation === 'CONNECT') return request.object
      return check(request, nodeName).then(() => request.object)
    },
    validate(request) {
      const nodeName = nodeNameOf(request.call.user)
      return nodeName !== undefined && request.operation === 'DELETE' && !request.call.isPart ? check(request, nodeName) : undefined
    },
  }
}

const RESTRICTED: Readonly<Record<string, WhyNot>> = {
  '/nodes': whyNotNode,
  '/pods': whyNotNodesPod,
  '/persistentvolumeclaims': whyNotClaim,
  'coordination.k8s.io/leases': whyNotLease,
  'storage.k8s.io/csinodes': (request, nodeName) => (nameOf<CSINode>(request) === nodeName ? undefined : 'can only access CSINode with the same name as the requesting node'),
  'resource.k8s.io/resourceslices': whyNotSlice,
  'certificates.k8s.io/certificatesigningrequests': whyNotCertificate,
}

/** Also of what is named in its body alone. */
const nameOf = <T extends { readonly metadata: { readonly name?: string | undefined } }>({ name, object }: AdmissionRequest): string => name || ((object as unknown as T).metadata.name ?? '')

function whyNotNode(request: AdmissionRequest, nodeName: string): string | undefined {
  const { operation, object, old } = request
  const name = nameOf<Node>(request)
  if (name !== nodeName) return `node ${JSON.stringify(nodeName)} is not allowed to modify node ${JSON.stringify(name)}`
  const reason = operation === 'CREATE' ? whyNotNewNode(object) : operation === 'UPDATE' && old ? whyNotOwn(object, old) : undefined
  if (reason !== undefined) return `node ${JSON.stringify(nodeName)} ${reason}`
  return operation === 'UPDATE' && old ? whyNotNodeLabels(labelsOf(object), labelsOf(old)) : undefined
}

const configSourceOf = (object: JsonObject): unknown => (object as unknown as Node).spec?.configSource

function whyNotNewNode(object: JsonObject): string | undefined {
  if (configSourceOf(object) !== undefined) return 'is not allowed to create pods with a non-nil configSource'
  return whyNotNewNodeLabels(labelsOf(object))
}

function whyNotOwn(object: JsonObject, old: JsonObject): string | undefined {
  const [after, before] = [object as unknown as Node, old as unknown as Node]
  if (configSourceOf(object) !== undefined && !deepEqual(configSourceOf(object), configSourceOf(old))) return 'is not allowed to update configSource to a new non-nil configSource'
  if (!deepEqual(after.spec?.taints ?? [], before.spec?.taints ?? [])) return 'is not allowed to modify taints'
  if (!deepEqual(after.metadata.ownerReferences ?? [], before.metadata.ownerReferences ?? [])) return 'is not allowed to modify ownerReferences'
  if (after.spec?.podCIDR !== before.spec?.podCIDR || !deepEqual(after.spec?.podCIDRs ?? [], before.spec?.podCIDRs ?? [])) return 'is not allowed to modify its pod range'
  return undefined
}

/** How large a volume has become is for its node to say, nothing else of its claim. */
function whyNotClaim({ subresource, operation, object, old }: AdmissionRequest, nodeName: string): string | undefined {
  if (subresource !== 'status') return 'may only update PVC status'
  if (operation !== 'UPDATE' || !old) return `unexpected operation ${JSON.stringify(operation)}`
  return deepEqual(withoutSizes(object), withoutSizes(old)) ? undefined : `node ${JSON.stringify(nodeName)} is not allowed to update fields other than status.quantity and status.conditions`
}

function withoutSizes(object: JsonObject): JsonObject {
  const { metadata, status = {}, ...rest } = object as unknown as PersistentVolumeClaim
  const { resourceVersion: _revision, managedFields: _managed, ...kept } = metadata
  const { capacity: _capacity, conditions: _conditions, allocatedResources: _allocated, allocatedResourceStatuses: _statuses, ...other } = status
  return { ...rest, metadata: kept, status: other } as unknown as JsonObject
}

function whyNotLease(request: AdmissionRequest, nodeName: string): string | undefined {
  if (request.namespace !== LEASE_NAMESPACE) return `can only access leases in the ${JSON.stringify(LEASE_NAMESPACE)} system namespace`
  return nameOf<Lease>(request) === nodeName ? undefined : 'can only access node lease with the same name as the requesting node'
}

function whyNotSlice({ operation, object }: AdmissionRequest, nodeName: string): string | undefined {
  if (operation === 'UPDATE' || (object as unknown as ResourceSlice).spec.nodeName === nodeName) return undefined
  return `can only ${operation.toLowerCase()} ResourceSlice with the same NodeName as the requesting node`
}

const NODE_SIGNERS: ReadonlySet<string> = new Set(['kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client-kubelet'])

async function whyNotCertificate({ operation, object }: AdmissionRequest, nodeName: string): Promise<string | undefined> {
  const { spec } = object as unknown as CertificateSigningRequest
  if (operation !== 'CREATE' || !NODE_SIGNERS.has(spec.signerName)) return undefined
  const { readCertificateRequest } = await import('../../../shared/kit/pki.ts')
  const { commonName } = await readCertificateRequest(Buffer.from(spec.request, 'base64').toString('latin1'))
  return commonName === `${NODE_USER_PREFIX}${nodeName}` ? undefined : `can only create a node CSR with CN=${NODE_USER_PREFIX}${nodeName}`
}
