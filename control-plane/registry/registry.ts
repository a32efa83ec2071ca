/** Every kind the API serves, in the order in which discovery lists the resources of a group. */
import { apiService } from './api-service.ts'
import { binding } from './binding.ts'
import { certificateSigningRequest } from './certificate-signing-request.ts'
import { clusterRoleBinding } from './cluster-role-binding.ts'
import { clusterRole } from './cluster-role.ts'
import { componentStatus } from './component-status.ts'
import { configMap } from './config-map.ts'
import { controllerRevision } from './controller-revision.ts'
import { cronJob } from './cron-job.ts'
import { csiDriver } from './csi-driver.ts'
import { csiNode } from './csi-node.ts'
import { csiStorageCapacity } from './csi-storage-capacity.ts'
import { customResourceDefinition } from './custom-resource-definition.ts'
import { daemonSet } from './daemon-set.ts'
import { deployment } from './deployment.ts'
import { deviceClass } from './device-class.ts'
import { endpointSlice } from './endpoint-slice.ts'
import { endpoints } from './endpoints.ts'
import { event } from './event.ts'
import { eventsEvent } from './events-event.ts'
import { flowSchema } from './flow-schema.ts'
import { horizontalPodAutoscaler, olderHorizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts'
import { ingressClass } from './ingress-class.ts'
import { ingress } from './ingress.ts'
import { ipAddress } from './ip-address.ts'
import { job } from './job.ts'
import type { KindDefinition } from './kind.ts'
import { lease } from './lease.ts'
import { limitRange } from './limit-range.ts'
import { mutatingAdmissionPolicyBinding } from './mutating-admission-policy-binding.ts'
import { mutatingAdmissionPolicy } from './mutating-admission-policy.ts'
import { mutatingWebhookConfiguration } from './mutating-webhook-configuration.ts'
import { namespace } from './namespace.ts'
import { networkPolicy } from './network-policy.ts'
import { node } from './node.ts'
import { persistentVolumeClaim } from './persistent-volume-claim.ts'
import { persistentVolume } from './persistent-volume.ts'
import { podDisruptionBudget } from './pod-disruption-budget.ts'
import { podTemplate } from './pod-template.ts'
import { pod } from './pod.ts'
import { priorityClass } from './priority-class.ts'
import { priorityLevelConfiguration } from './priority-level-configuration.ts'
import { replicaSet } from './replica-set.ts'
import { replicationController } from './replication-controller.ts'
import { resourceClaimTemplate } from './resource-claim-template.ts'
import { resourceClaim } from './resource-claim.ts'
import { resourceQuota } from './resource-quota.ts'
import { resourceSlice } from './resource-slice.ts'
import { localSubjectAccessReview, selfSubjectAccessReview, selfSubjectReview, selfSubjectRulesReview, subjectAccessReview, tokenReview } from './reviews.ts'
import { roleBinding } from './role-binding.ts'
import { role } from './role.ts'
import { runtimeClass } from './runtime-class.ts'
import { secret } from './secret.ts'
import { serviceAccount } from './service-account.ts'
import { serviceCidr } from './service-cidr.ts'
import { service } from './service.ts'
import { statefulSet } from './stateful-set.ts'
import { storageClass } from './storage-class.ts'
import { validatingAdmissionPolicyBinding } from './validating-admission-policy-binding.ts'
import { validatingAdmissionPolicy } from './validating-admission-policy.ts'
import { validatingWebhookConfiguration } from './validating-webhook-configuration.ts'
import { volumeAttachment } from './volume-attachment.ts'
import { volumeAttributesClass } from './volume-attributes-class.ts'

/** A line for each group, in the order of discovery. */
const groups: ReadonlyArray<readonly KindDefinition[]> = [
  [configMap, endpoints, event, limitRange, namespace, node, persistentVolumeClaim, persistentVolume, pod, podTemplate, replicationController, resourceQuota, secret, serviceAccount, service],
  [apiService],
  [controllerRevision, daemonSet, deployment, replicaSet, statefulSet],
  [horizontalPodAutoscaler],
  [cronJob, job],
  [certificateSigningRequest],
  [ingressClass, ingress, ipAddress, networkPolicy, serviceCidr],
  [podDisruptionBudget],
  [clusterRoleBinding, clusterRole, roleBinding, role],
  [csiDriver, csiNode, csiStorageCapacity, storageClass, volumeAttachment, volumeAttributesClass],
  [mutatingAdmissionPolicyBinding, mutatingAdmissionPolicy, mutatingWebhookConfiguration, validatingAdmissionPolicyBinding, validatingAdmissionPolicy, validatingWebhookConfiguration],
  [customResourceDefinition],
  [priorityClass],
  [lease],
  [runtimeClass],
  [endpointSlice],
  [deviceClass, resourceClaim, resourceClaimTemplate, resourceSlice],
  [flowSchema, priorityLevelConfiguration],
]

export const kinds: readonly KindDefinition[] = groups.flat()

/** Kinds stored as others (`storedAs`). The API server does not serve them yet. */
export const alternateKinds: readonly KindDefinition[] = [eventsEvent, olderHorizontalPodAutoscaler]

/** Kinds that are answered and never stored. */
export const reviewKinds: readonly KindDefinition[] = [binding, componentStatus, selfSubjectReview, tokenReview, localSubjectAccessReview, selfSubjectAccessReview, selfSubjectRulesReview, subjectAccessReview]

/** Everything that clients can ask for. */
export const servedKinds: readonly KindDefinition[] = [...kinds, ...alternateKinds, ...reviewKinds]

const key = (group: string, version: string, name: string): string => `${group}/${version}/${name}`
const byKind = new Map(kinds.map((one) => [key(one.group, one.version, one.kind), one]))

/** By what stands in an object: `apps`, `v1`, `Deployment`. */
export const findByKind = (group: string, version: string, kind: string): KindDefinition | undefined => byKind.get(key(group, version, kind))
