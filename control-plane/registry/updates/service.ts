import type { Service } from '../../../shared/model/gen/api.ts'
import type { StrategyContext } from '../kind.ts'
import { keepOtherPart } from './keep.ts'

export const prepareNewService = (service: Service): Service => ({ ...service, status: { loadBalancer: {} } })

/** What is no load balancer any more cannot be reached as one. */
export function prepareChangedService(service: Service, old: Service, { subresource }: StrategyContext): Service {
  const prepared = keepOtherPart(service, old, subresource)
  const ended = subresource === '' && old.spec?.type === 'LoadBalancer' && service.spec?.type !== 'LoadBalancer'
  return ended ? { ...prepared, status: { ...prepared.status, loadBalancer: {} } } : prepared
}
