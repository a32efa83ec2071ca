import type { DeviceClaim, DeviceRequest, DeviceSubRequest, ExactDeviceRequest, ResourceClaimTemplate, ResourceV1ResourceClaim } from '../../../shared/model/gen/api.ts'
import { fillZero, mapItems, mapMember } from './fill.ts'

function defaultWanted<T extends ExactDeviceRequest | DeviceSubRequest>(wanted: T): T {
  const filled = fillZero<ExactDeviceRequest | DeviceSubRequest>(wanted, { allocationMode: 'ExactCount' })
  return (filled.allocationMode === 'ExactCount' ? fillZero(filled, { count: 1 }) : filled) as T
}

const defaultClaimed = (claim: DeviceClaim): DeviceClaim =>
  mapItems<DeviceClaim, DeviceRequest>(claim, 'requests', (request) => mapItems(mapMember(request, 'exactly', defaultWanted), 'firstAvailable', defaultWanted<DeviceSubRequest>))

export const defaultResourceClaim = (claim: ResourceV1ResourceClaim): ResourceV1ResourceClaim => mapMember(claim, 'spec', (spec) => mapMember(spec, 'devices', defaultClaimed))

export const defaultResourceClaimTemplate = (template: ResourceClaimTemplate): ResourceClaimTemplate =>
  mapMember(template, 'spec', (outer) => mapMember(outer, 'spec', (spec) => mapMember(spec, 'devices', defaultClaimed)))
