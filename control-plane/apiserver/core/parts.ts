/** What the operations of the core work with; one value, made by `apiserver.ts`. */
import type { Clock } from '../../../shared/kit/clock.ts'
import type { Log } from '../../../shared/kit/log.ts'
import type { Random } from '../../../shared/kit/random.ts'
import type { Storage } from '../../storage/port.ts'
import type { Admission } from '../admission/plugin.ts'
import type { Allocations } from '../admission/allocations.ts'
import type { Resources } from './resources.ts'

export interface CoreParts {
  readonly storage: Storage
  readonly resources: Resources
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly admission: Admission
  /** Addresses and ports that services hold. */
  readonly allocations: Allocations
}
