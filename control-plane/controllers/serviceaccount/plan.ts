/** Whether a namespace lacks its default account. PURE. */
import type { Namespace, ServiceAccount } from '../../../shared/model/gen/api.ts'

/** Namespaces on their way out get nothing new. */
export const isMissing = (namespace: Namespace | undefined, account: ServiceAccount | undefined): boolean =>
  namespace !== undefined && namespace.metadata.deletionTimestamp === undefined && namespace.status?.phase !== 'Terminating' && account === undefined
