/** What those need who ask, beside the request itself, what somebody may do: admission and reviews. */
import type { Authorizer } from './authorizer.ts'
import type { Rbac } from './rbac/rbac.ts'

export interface Access {
  /** Everything that may allow a request. */
  readonly authorize: Authorizer
  readonly rbac: Rbac
}
