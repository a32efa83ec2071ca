import type { APIService } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'
import type { StrategyContext } from '../kind.ts'

/** This server answers for it, whatever service it names. */
export const METRICS_SERVICE = 'v1beta1.metrics.k8s.io'

/** What this server serves itself is available at once. */
export function prepareNewApiService(object: APIService, { nowMs }: StrategyContext): APIService {
  const available = (reason: string, message: string): APIService => ({ ...object, status: { conditions: [{ type: 'Available', status: 'True', lastTransitionTime: formatTime(nowMs), reason, message }] } })
  if (!object.spec?.service) return available('Local', 'Local APIServices are always available')
  return object.metadata.name === METRICS_SERVICE ? available('Passed', 'all checks passed') : { ...object, status: {} }
}
