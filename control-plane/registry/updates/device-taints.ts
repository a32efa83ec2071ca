import type { Device, ResourceSlice, ResourceSliceSpec } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { fillAbsent, mapItems, mapMember } from '../defaults/fill.ts'

/** A taint that does not say since when is from now. */
export function withTaintTimes(slice: ResourceSlice, nowMs: number): ResourceSlice {
  const now = formatTime(nowMs)
  return mapMember(slice, 'spec', (spec) => mapItems<ResourceSliceSpec, Device>(spec, 'devices', (device) => mapItems<Device, NonNullable<Device['taints']>[number]>(device, 'taints', (taint) => fillAbsent(taint, { timeAdded: now }))))
}
