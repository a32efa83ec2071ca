import type { APIService } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'
import type { StrategyContext } from '../kind.ts'

/** What this server serves itself is available at once. */
export function prepareNewApiService(object: APIService, { nowMs }: StrategyContext): APIService {
  if (object.spec?.service) return { ...object, status: {} }
  return { ...object, status: { conditions: [{ type: 'Available', status: 'True', lastTransitionTime: formatTime(nowMs), reason: 'Local', message: 'Local APIServices are always available' }] } }
}
