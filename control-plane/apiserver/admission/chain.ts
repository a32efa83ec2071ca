/** The plugins that are on, in the order in which Kubernetes runs them. */
import type { Access } from '../authz/access.ts'
import { certificateApproval, certificateSigning, certificateSubjectRestriction } from './certificates.ts'
import { defaultTolerationSeconds } from './default-tolerations.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { taintNewNodes } from './node-taint.ts'
import type { AdmissionPlugin } from './plugin.ts'
import { podResize } from './pod-resize.ts'
import { priority } from './priority.ts'
import { rbacEscalation } from './rbac-escalation.ts'
import { runtimeClass } from './runtime-class.ts'
import { serviceAccount } from './service-account.ts'
import type { AdmissionSources } from './sources.ts'

export const defaultPlugins = (sources: AdmissionSources, access: Access): readonly AdmissionPlugin[] => [
  namespaceLifecycle(sources),
  serviceAccount(sources),
  nodeRestriction,
  taintNewNodes,
  priority(sources),
  defaultTolerationSeconds,
  runtimeClass,
  podResize(sources),
  certificateApproval(access),
  certificateSigning(access),
  certificateSubjectRestriction,
  rbacEscalation(sources, access),
]
