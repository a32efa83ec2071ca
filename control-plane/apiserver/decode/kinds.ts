/** Which kinds the server knows by which version, and what it says when a body is of another kind than its path. */
import { ownMember } from '../../../shared/model/json.ts'
import { goQuote } from '../../../shared/model/go-text.ts'
import { schemaOfKind } from '../../../shared/model/schemas/schema.ts'
import type { Type } from '../../../shared/model/schemas/types.ts'

export interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface ExpectedKind extends GroupVersionKind {
  /** Its entry in the schemas. */
  readonly schema: string
  /** The compiled type, of a kind whose schema is no built-in one. */
  readonly type?: Type
  /** Further versions a body may be of (`policy/v1beta1` at evictions). */
  readonly alsoAccepts?: readonly string[]
}

/** By what bodies of the kind are read. */
export const typeOfKind = ({ schema, type }: Pick<ExpectedKind, 'schema' | 'type'>): string | Type => type ?? schema

export const apiVersionOf = ({ group, version }: Pick<GroupVersionKind, 'group' | 'version'>): string => (group === '' ? version : `${group}/${version}`)

const SCHEME = 'k8s.io/kubernetes/pkg/api/legacyscheme/scheme.go:30'

/** Kinds the server knows though nobody describes them: those of versions that are served no more, and of options and parts that stand in no schema. */
const undescribed: Readonly<Record<string, string>> = {
  v1: 'List NodeConfigSource NodeProxyOptions PodAttachOptions PodExecOptions PodLogOptions PodPortForwardOptions PodProxyOptions PodStatusResult RangeAllocation SerializedReference ServiceProxyOptions',
  'extensions/v1beta1': 'DaemonSet Deployment Ingress NetworkPolicy ReplicaSet Scale',
  'apps/v1beta1': 'ControllerRevision Deployment Scale StatefulSet',
  'apps/v1beta2': 'ControllerRevision DaemonSet Deployment ReplicaSet Scale StatefulSet',
  'batch/v1beta1': 'CronJob',
  'networking.k8s.io/v1beta1': 'IPAddress Ingress IngressClass ServiceCIDR',
  'policy/v1beta1': 'Eviction PodDisruptionBudget',
  'events.k8s.io/v1beta1': 'Event',
  'coordination.k8s.io/v1beta1': 'Lease LeaseCandidate',
  'discovery.k8s.io/v1beta1': 'EndpointSlice',
  'scheduling.k8s.io/v1beta1': 'PriorityClass',
  'node.k8s.io/v1beta1': 'RuntimeClass',
  'rbac.authorization.k8s.io/v1beta1': 'ClusterRole ClusterRoleBinding Role RoleBinding',
  'rbac.authorization.k8s.io/v1alpha1': 'ClusterRole ClusterRoleBinding Role RoleBinding',
  'storage.k8s.io/v1beta1': 'CSIDriver CSINode CSIStorageCapacity StorageClass VolumeAttachment VolumeAttributesClass',
  'certificates.k8s.io/v1beta1': 'CertificateSigningRequest ClusterTrustBundle',
  'authentication.k8s.io/v1beta1': 'SelfSubjectReview TokenReview',
  'authorization.k8s.io/v1beta1': 'LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview',
  'admissionregistration.k8s.io/v1beta1': 'MutatingWebhookConfiguration ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding ValidatingWebhookConfiguration',
  'apiextensions.k8s.io/v1beta1': 'CustomResourceDefinition',
  'apiregistration.k8s.io/v1beta1': 'APIService',
  'flowcontrol.apiserver.k8s.io/v1beta3': 'FlowSchema PriorityLevelConfiguration',
}

export const isKnownKind = (apiVersion: string, kind: string): boolean => schemaOfKind(apiVersion, kind) !== undefined || (ownMember(undescribed, apiVersion)?.split(' ').includes(kind) ?? false)

/** `Pod in version "v1" cannot be handled as a Service`: how refusals of a body begin once its kind is known. */
export const cannotBeHandled = (given: GroupVersionKind, expected: GroupVersionKind): string => `${given.kind} in version ${goQuote(given.version)} cannot be handled as a ${expected.kind}`

/** Group, version and kind of a body; what it does not say is taken from what is expected. `undefined` for an apiVersion of three parts. */
export function givenKind(body: { readonly apiVersion: string; readonly kind: string }, expected: GroupVersionKind): GroupVersionKind | undefined {
  const parts = body.apiVersion.split('/')
  if (parts.length > 2) return undefined
  const [group, version] = parts.length === 2 ? [parts[0] ?? '', parts[1] ?? ''] : ['', body.apiVersion]
  const kind = body.kind === '' ? expected.kind : body.kind
  if (version !== '') return { group, version, kind }
  return group === '' ? { ...expected, kind } : { group, version: group === expected.group ? expected.version : '', kind }
}

/** Why a body's kind cannot be what is expected; `undefined` if it is of that kind, whatever its version. */
export function kindProblem(given: GroupVersionKind, expected: GroupVersionKind): string | undefined {
  const reason = wrongKind(given, expected)
  return reason === undefined ? undefined : `${cannotBeHandled(given, expected)}: ${reason}`
}

/** The same for what says nothing of itself but this. */
export function wrongKind(given: GroupVersionKind, expected: GroupVersionKind): string | undefined {
  const apiVersion = apiVersionOf(given)
  const same = given.kind === expected.kind && given.group === expected.group && given.version === expected.version
  if (same) return undefined
  if (!isKnownKind(apiVersion, given.kind)) return `no kind ${goQuote(given.kind)} is registered for version ${goQuote(apiVersion)} in scheme ${goQuote(SCHEME)}`
  if (given.kind === expected.kind) return undefined
  const internal = expected.group === '' ? 'core' : (expected.group.split('.')[0] ?? '')
  return `converting (${given.version}.${given.kind}) to (${internal}.${expected.kind}): unknown conversion`
}

/** Said when body and path are of the same kind in two versions. */
export const versionMismatch = (given: GroupVersionKind, expected: GroupVersionKind): string => `the API version in the data (${apiVersionOf(given)}) does not match the expected API version (${apiVersionOf(expected)})`
