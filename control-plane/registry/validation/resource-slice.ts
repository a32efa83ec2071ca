import { type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import type { CounterSet, Device, DeviceCounterConsumption, ResourcePool, ResourceSlice, ResourceSliceSpec } from '../../../shared/model/gen/api.ts'
import { deepEqual, type JsonObject } from '../../../shared/model/json.ts'
import { printInternal } from '../printed/internal.ts'
import { dnsSubdomain } from './check.ts'
import { validateNodeSelector } from './affinity.ts'
import { validateCapacity, validateDeviceAttribute } from './device-attributes.ts'
import { validateAttributeName, validateDeviceLabel, validateDriverName, validatePoolName } from './device-names.ts'
import { validateBindingConditions, validateDeviceTaint } from './device-taints.ts'
import { validateItems, validateMap, validateUnique } from './limited-lists.ts'

const MOST_DEVICES = 128
const MOST_RICH_DEVICES = 64
const MOST_PROPERTIES = 32
const MOST_VALUES = 48
const MOST_TAINTS = 16
const MOST_COUNTER_SETS = 8
const MOST_COUNTERS = 32
const MOST_CONSUMPTIONS = 2
const UNSET_OR_TRUE = 'must be either unset or set to true'
const SLICE_NODES = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'
const DEVICE_NODES = 'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'

export const validateNewResourceSlice = ({ spec }: ResourceSlice): readonly FieldError[] => validateSpec(spec, undefined)

export function validateResourceSliceChange({ spec }: ResourceSlice, { spec: old }: ResourceSlice): readonly FieldError[] {
  return validateSpec(spec, old)
}

function validateSpec(spec: ResourceSliceSpec, old: ResourceSliceSpec | undefined): readonly FieldError[] {
  const { devices, sharedCounters } = spec
  const isRich = (devices ?? []).some(({ taints = [], consumesCounters = [] }) => taints.length > 0 || consumesCounters.length > 0)
  const before = new Map((old?.devices ?? []).map((device) => [device.name, device]))
  return [
    ...validateDriverName(spec.driver, 'spec.driver'),
    ...validatePool(spec.pool, 'spec.pool'),
    ...validateKept(spec, old),
    ...validateNodes(spec),
    ...(sharedCounters && devices ? [invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed')] : []),
    ...validateUnique(devices, {
      path: 'spec.devices',
      most: isRich ? MOST_RICH_DEVICES : MOST_DEVICES,
      check: (device, at) => validateDevice(device, { old: before.get(device.name), choosesNodes: spec.perDeviceNodeSelection === true, path: at }),
      keyOf: ({ name }) => name,
    }),
    ...validateUnique(sharedCounters, { path: 'spec.sharedCounters', most: MOST_COUNTER_SETS, check: validateCounterSet, keyOf: ({ name }) => name }),
  ]
}

function validatePool({ name, resourceSliceCount, generation }: ResourcePool, path: string): readonly FieldError[] {
  return [
    ...validatePoolName(name, `${path}.name`),
    ...(resourceSliceCount <= 0 ? [invalid(`${path}.resourceSliceCount`, resourceSliceCount, 'must be greater than zero')] : []),
    ...(generation < 0 ? [invalid(`${path}.generation`, generation, 'must be greater than or equal to zero')] : []),
  ]
}

function validateKept(spec: ResourceSliceSpec, old: ResourceSliceSpec | undefined): readonly FieldError[] {
  if (!old) return []
  const same = (field: string, value: unknown, before: unknown): readonly FieldError[] => (value === before ? [] : [invalid(field, value ?? null, 'field is immutable')])
  return [...same('spec.pool.name', spec.pool.name, old.pool.name), ...same('spec.driver', spec.driver, old.driver), ...same('spec.nodeName', spec.nodeName, old.nodeName)]
}

/** From which nodes the devices can be reached: said in one way. */
function validateNodes({ nodeName, nodeSelector, allNodes, perDeviceNodeSelection }: ResourceSliceSpec): readonly FieldError[] {
  const said = [...(nodeName ? ['`nodeName`'] : []), ...(nodeSelector ? ['`nodeSelector`'] : []), ...(allNodes ? ['`allNodes`'] : []), ...(perDeviceNodeSelection ? ['`perDeviceNodeSelection`'] : [])]
  return [
    ...(nodeName === undefined ? [] : nodeName === '' ? [invalid('spec.nodeName', '', 'must be either unset or set to a non-empty string')] : dnsSubdomain('spec.nodeName', nodeName)),
    ...(nodeSelector ? validateNodeSelector(nodeSelector, 'spec.nodeSelector') : []),
    ...(nodeSelector && nodeSelector.nodeSelectorTerms?.length !== 1 ? [invalid('spec.nodeSelector.nodeSelectorTerms', printInternal('NodeSelector', nodeSelector as unknown as JsonObject)['NodeSelectorTerms'] ?? null, 'must have exactly one node selector term')] : []),
    ...(allNodes === false ? [invalid('spec.allNodes', false, UNSET_OR_TRUE)] : []),
    ...(perDeviceNodeSelection === false ? [invalid('spec.perDeviceNodeSelection', false, UNSET_OR_TRUE)] : []),
    ...(said.length === 0 ? [required('spec', SLICE_NODES)] : said.length > 1 ? [invalid('spec', `{${said.join(', ')}}`, `${SLICE_NODES}, but multiple fields are set`)] : []),
  ]
}

interface Around {
  readonly old: Device | undefined
  readonly choosesNodes: boolean
  readonly path: string
}

function validateDevice(device: Device, { old, choosesNodes, path }: Around): readonly FieldError[] {
  const { attributes = {}, capacity = {}, taints, consumesCounters } = device
  const properties = Object.keys(attributes).length + Object.keys(capacity).length
  const values = Object.keys(attributes).length
  const isShared = device.allowMultipleAllocations === true
  return [
    ...validateDeviceLabel(device.name, `${path}.name`),
    ...(properties > MOST_PROPERTIES ? [invalid(path, properties, `the total number of attributes and capacities must not exceed ${MOST_PROPERTIES}`)] : []),
    ...(values > MOST_VALUES ? [invalid(path, values, `the total number of attribute values must not exceed ${MOST_VALUES}`)] : []),
    ...validateMap(attributes, { path: `${path}.attributes`, key: validateAttributeName, value: validateDeviceAttribute }),
    ...(old && deepEqual(old.capacity, device.capacity) ? [] : validateMap(capacity, { path: `${path}.capacity`, key: validateAttributeName, value: (one, at) => validateCapacity(one, isShared, at) })),
    ...(old && deepEqual(old.taints, taints) ? [] : validateItems(taints, { path: `${path}.taints`, most: MOST_TAINTS, check: validateDeviceTaint })),
    ...validateUnique(consumesCounters, { path: `${path}.consumesCounters`, most: MOST_CONSUMPTIONS, check: validateConsumption, keyOf: ({ counterSet }) => counterSet }),
    ...(choosesNodes ? validateDeviceNodes(device, path) : validateNoNodes(device, path)),
    ...validateBindingConditions(device, path),
  ]
}

function validateDeviceNodes({ nodeName, nodeSelector, allNodes }: Device, path: string): readonly FieldError[] {
  const said = [...(nodeName ? ['`nodeName`'] : []), ...(nodeSelector ? ['`nodeSelector`'] : []), ...(allNodes ? ['`allNodes`'] : [])]
  return [
    ...(nodeName === undefined ? [] : nodeName === '' ? [invalid(`${path}.nodeName`, '', 'must not be empty')] : dnsSubdomain(`${path}.nodeName`, nodeName)),
    ...(nodeSelector ? validateNodeSelector(nodeSelector, `${path}.nodeSelector`) : []),
    ...(allNodes === false ? [invalid(`${path}.allNodes`, false, UNSET_OR_TRUE)] : []),
    ...(said.length === 0 ? [required(path, DEVICE_NODES)] : said.length > 1 ? [invalid(path, `{${said.join(', ')}}`, DEVICE_NODES)] : []),
  ]
}

const validateNoNodes = ({ nodeName, nodeSelector, allNodes }: Device, path: string): readonly FieldError[] =>
  nodeName === undefined && nodeSelector === undefined && allNodes === undefined ? [] : [invalid(path, null, '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec')]

const anyCounter = (): readonly FieldError[] => []

function validateCounters(counters: CounterSet['counters'] | undefined, path: string): readonly FieldError[] {
  return Object.keys(counters ?? {}).length === 0 ? [required(path)] : validateMap(counters, { path, most: MOST_COUNTERS, key: validateDeviceLabel, value: anyCounter })
}

const validateCounterSet = ({ name, counters }: CounterSet, path: string): readonly FieldError[] => [...(name === '' ? [required(`${path}.name`)] : validateDeviceLabel(name, `${path}.name`)), ...validateCounters(counters, `${path}.counters`)]

const validateConsumption = ({ counterSet, counters }: DeviceCounterConsumption, path: string): readonly FieldError[] => [
  ...(counterSet === '' ? [required(`${path}.counterSet`)] : validateDeviceLabel(counterSet, `${path}.counterSet`)),
  ...validateCounters(counters, `${path}.counters`),
]
