/** The plugins that are on, in the order in which Kubernetes runs them. */
import { mutatingAdmissionPolicy, validatingAdmissionPolicy } from '../../policies/plugin.ts'
import { mutatingWebhooks, validatingWebhooks } from '../../webhooks/plugin.ts'
import type { NodeStreams } from '../../dispatch/port.ts'
import type { Access } from '../authz/access.ts'
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts'
import { claimResize } from './claim-resize.ts'
import { claimRights } from './claim-rights.ts'
import { defaultIngressClass, defaultStorageClass } from './default-classes.ts'
import { defaultTolerationSeconds } from './default-tolerations.ts'
import { deviceAdmin } from './device-admin.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { taintNewNodes } from './node-taint.ts'
import { paramRights } from './param-rights.ts'
import type { AdmissionPlugin } from './plugin.ts'
import { podResize } from './pod-resize.ts'
import { podSecurity } from './pod-security.ts'
import { priority } from './priority.ts'
import { rbacEscalation } from './rbac-escalation.ts'
import { resourceQuota } from './resource-quota.ts'
import { runtimeClass } from './runtime-class.ts'
import { serviceAccount } from './service-account.ts'
import type { AdmissionSources } from './sources.ts'
import { storageInUse } from './storage-in-use.ts'

export const defaultPlugins = (sources: AdmissionSources, access: Access, nodeStreams: NodeStreams): readonly AdmissionPlugin[] => [
  namespaceLifecycle(sources),
  limitRanger(sources),
  serviceAccount(sources),
  nodeRestriction(sources),
  taintNewNodes,
  podSecurity(sources),
  priority(sources),
  defaultTolerationSeconds,
  defaultStorageClass(sources),
  storageInUse,
  claimResize(sources),
  runtimeClass(sources),
  podResize(sources),
  certificateApproval(access),
  certificateSigning(access),
  certificateSubjectRestriction,
  defaultIngressClass(sources),
  mutatingAdmissionPolicy(sources, access.authorize),
  mutatingWebhooks({ sources, authorize: access.authorize, nodeStreams }),
  rbacEscalation(sources, access),
  deviceAdmin(sources),
  claimRights(access),
  paramRights(sources, access),
  validatingAdmissionPolicy(sources, access.authorize),
  validatingWebhooks({ sources, authorize: access.authorize, nodeStreams }),
  resourceQuota(sources),
]
