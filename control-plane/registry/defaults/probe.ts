import type { HTTPGetAction, Lifecycle, LifecycleHandler, Probe } from '../../../shared/model/gen/api.ts'
import { fillAbsent, fillZero, mapMember } from './fill.ts'

const defaultHttpGet = (action: HTTPGetAction): HTTPGetAction => fillZero(action, { path: '/', scheme: 'HTTP' })

export function defaultProbe(probe: Probe): Probe {
  const timed = fillZero(probe, { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 })
  const http = mapMember(timed, 'httpGet', defaultHttpGet)
  return mapMember(http, 'grpc', (action) => fillAbsent(action, { service: '' }))
}

const defaultHandler = (handler: LifecycleHandler): LifecycleHandler => mapMember(handler, 'httpGet', defaultHttpGet)

export const defaultLifecycle = (lifecycle: Lifecycle): Lifecycle => mapMember(mapMember(lifecycle, 'postStart', defaultHandler), 'preStop', defaultHandler)
