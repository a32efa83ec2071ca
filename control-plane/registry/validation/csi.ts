/** What CSI drivers, nodes with drivers and capacities may say. */
import { duplicate, type FieldError, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { CSIDriver, CSIDriverSpec, CSINode, CSINodeDriver, CSIStorageCapacity } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { compareQuantities } from '../../../shared/model/quantity.ts'
import { qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { NOT_NEGATIVE } from '../../../shared/model/validation/numbers.ts'
import { printedSelector } from '../printed/maps.ts'
import { dnsSubdomain, each, nonNegative, objections } from './check.ts'
import { validateLabelSelector } from './label-selector.ts'
import { IMMUTABLE } from './storage-class.ts'
import { validateCsiDriverName } from './volume-disks.ts'

const NODE_ID_MAX = 256
const TOKEN_MIN_SECONDS = 600
const TOKEN_MAX_SECONDS = 2 ** 32
const UPDATE_MIN_SECONDS = 10
const fsGroupPolicies = ['File', 'None', 'ReadWriteOnceWithFSType'] as const
const lifecycleModes = ['Persistent', 'Ephemeral'] as const

export const driversOf = (node: CSINode): readonly CSINodeDriver[] => (node.spec.drivers as readonly CSINodeDriver[] | null | undefined) ?? []

export function validateNewCsiNode(node: CSINode): readonly FieldError[] {
  const names = new Set<string>()
  return each(driversOf(node), 'spec.drivers', (driver, at) => {
    const { name, nodeID } = driver
    const errors: FieldError[] = [...validateCsiDriverName(name, `${at}.name`)]
    if (nodeID === '') errors.push(required(`${at}.nodeID`))
    if (nodeID.length > NODE_ID_MAX) errors.push(invalid(`${at}.nodeID`, nodeID, `must be ${NODE_ID_MAX} characters or less`))
    errors.push(...nonNegative(`${at}.allocatable.count`, driver.allocatable?.count))
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name))
    names.add(name)
    return [...errors, ...topologyKeys(driver.topologyKeys ?? [], at)]
  })
}

const topologyKeys = (keys: readonly string[], at: string): readonly FieldError[] =>
  keys.flatMap((key, index) => [...(key === '' ? [required(at)] : []), ...(keys.indexOf(key) < index ? [duplicate(at, key)] : []), ...objections(at, key, qualifiedNameProblems(key))])

/** A driver stays what it is; how many volumes it takes may change. */
export function validateCsiNodeChange(node: CSINode, old: CSINode): readonly FieldError[] {
  const bare = ({ name, nodeID, topologyKeys: keys }: CSINodeDriver): object => ({ Name: name, NodeID: nodeID, TopologyKeys: keys ?? null, Allocatable: null })
  const changed = driversOf(old).flatMap((before) => driversOf(node).flatMap((now) => (now.name !== before.name || deepEqual(bare(now), bare(before)) ? [] : [invalid('spec.drivers', bare(now), IMMUTABLE)])))
  return [...validateNewCsiNode(node), ...changed]
}

export const validateNewCsiDriver = ({ spec }: CSIDriver): readonly FieldError[] => validateDriverSpec(spec)

function validateDriverSpec(spec: CSIDriverSpec): readonly FieldError[] {
  const { fsGroupPolicy, nodeAllocatableUpdatePeriodSeconds: period } = spec
  return [
    ...present('spec.attachedRequired', spec.attachRequired),
    ...present('spec.podInfoOnMount', spec.podInfoOnMount),
    ...present('spec.storageCapacity', spec.storageCapacity),
    ...(fsGroupPolicy === undefined || fsGroupPolicies.some((one) => one === fsGroupPolicy) ? [] : [notSupported('spec.fsGroupPolicy', fsGroupPolicy, fsGroupPolicies)]),
    ...validateTokenRequests(spec),
    ...(spec.volumeLifecycleModes ?? []).flatMap((mode) => (lifecycleModes.some((one) => one === mode) ? [] : [notSupported('spec.volumeLifecycleModes', mode, lifecycleModes)])),
    ...present('spec.seLinuxMount', spec.seLinuxMount),
    ...(period !== undefined && period < UPDATE_MIN_SECONDS ? [invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, `must be greater than or equal to ${UPDATE_MIN_SECONDS} seconds`)] : []),
    ...(spec.serviceAccountTokenInSecrets !== undefined && (spec.tokenRequests ?? []).length === 0 ? [invalid('spec.serviceAccountTokenInSecrets', spec.serviceAccountTokenInSecrets, 'must not be set when tokenRequests is empty')] : []),
  ]
}

const present = (field: string, value: boolean | undefined): readonly FieldError[] => (value === undefined ? [required(field)] : [])

function validateTokenRequests({ tokenRequests = [] }: CSIDriverSpec): readonly FieldError[] {
  const audiences = new Set<string>()
  return each(tokenRequests, 'spec.tokenRequests', ({ audience, expirationSeconds: seconds }, at) => {
    if (audiences.has(audience)) return [duplicate(`${at}.audience`, audience)]
    audiences.add(audience)
    const field = `${at}.expirationSeconds`
    if (seconds !== undefined && seconds < TOKEN_MIN_SECONDS) return [invalid(field, seconds, 'may not specify a duration less than 10 minutes')]
    return seconds !== undefined && seconds > TOKEN_MAX_SECONDS ? [invalid(field, seconds, 'may not specify a duration larger than 2^32 seconds')] : []
  })
}

export function validateCsiDriverChange({ spec }: CSIDriver, { spec: before }: CSIDriver): readonly FieldError[] {
  const errors = [...validateDriverSpec(spec)]
  if (spec.attachRequired !== before.attachRequired) errors.push(invalid('spec.attachedRequired', spec.attachRequired ?? null, IMMUTABLE))
  if (!deepEqual(spec.volumeLifecycleModes ?? [], before.volumeLifecycleModes ?? [])) errors.push(invalid('spec.volumeLifecycleModes', spec.volumeLifecycleModes ?? null, IMMUTABLE))
  return errors
}

export function validateNewCsiStorageCapacity(one: CSIStorageCapacity): readonly FieldError[] {
  const { capacity } = one
  return [
    ...validateLabelSelector(one.nodeTopology, 'nodeTopology'),
    ...dnsSubdomain('storageClassName', one.storageClassName ?? ''),
    ...(capacity !== undefined && compareQuantities(String(capacity), '0') < 0 ? [invalid('capacity', String(capacity), NOT_NEGATIVE)] : []),
  ]
}

/** How much there is may change, not where. */
export function validateCsiStorageCapacityChange(one: CSIStorageCapacity, old: CSIStorageCapacity): readonly FieldError[] {
  const errors: FieldError[] = []
  if (!deepEqual(one.nodeTopology, old.nodeTopology)) errors.push(invalid('nodeTopology', one.nodeTopology ? printedSelector(one.nodeTopology) : null, IMMUTABLE))
  if (one.storageClassName !== old.storageClassName) errors.push(invalid('storageClassName', one.storageClassName, IMMUTABLE))
  return errors
}
