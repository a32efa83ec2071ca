import type { Device, DeviceAttribute, ResourceSlice, ResourceSliceSpec } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { fillAbsent, mapItems, mapMember, without } from '../defaults/fill.ts'

type Taint = NonNullable<Device['taints']>[number]

/** What is not switched on in 1.36 by default is not kept; a taint that does not say since when is from now. */
export function preparedSlice(slice: ResourceSlice, nowMs: number): ResourceSlice {
  const now = formatTime(nowMs)
  return mapMember(slice, 'spec', (spec) => mapItems<ResourceSliceSpec, Device>(spec, 'devices', (device) => mapItems<Device, Taint>(withoutDisabled(device), 'taints', (taint) => fillAbsent(taint, { timeAdded: now }))))
}

const withoutDisabled = (device: Device): Device => mapMember(without(device, 'nodeAllocatableResourceMappings'), 'attributes', (attributes) => Object.fromEntries(Object.entries(attributes).map(([name, attribute]): [string, DeviceAttribute] => [name, without(attribute, 'bools', 'ints', 'strings', 'versions')])))
