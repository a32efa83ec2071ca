import type { Service } from '../../../shared/model/gen/api.ts'
import type { StrategyContext } from '../kind.ts'
import { keepOtherPart } from './keep.ts'

export const prepareNewService = (service: Service): Service => ({ ...service, status: { loadBalancer: {} } })

export const prepareChangedService = (service: Service, old: Service, { subresource }: StrategyContext): Service => keepOtherPart(service, old, subresource)
