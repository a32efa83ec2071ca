import { type FieldError, forbidden, invalid, notSupported, required, tooLong, tooMany } from '../../../shared/model/field-error.ts'
import type { AllocatedDeviceStatus, AllocationResult, DeviceAllocationConfiguration, DeviceRequestAllocationResult, NetworkDeviceData, ResourceClaimConsumerReference, ResourceClaimStatus, ResourceClaimTemplate, ResourceV1ResourceClaim } from '../../../shared/model/gen/api.ts'
import { byteLength } from '../../../shared/model/go-text.ts'
import { deepEqual, type JsonObject } from '../../../shared/model/json.ts'
import { validateAnnotations, validateLabels } from '../../../shared/model/validation/object-meta.ts'
import { printInternal } from '../printed/internal.ts'
import { printedMetadata } from '../printed/maps.ts'
import { validateNodeSelector } from './affinity.ts'
import { interfaceAddress } from './addresses.ts'
import { each } from './check.ts'
import { validateConditions } from './conditions.ts'
import { MOST_CONFIGS, requestNames, validateDeviceClaim, validateOpaque, validateRaw, validateRequestRef, validateRequestRefs, type RequestNames } from './device-claim.ts'
import { validateDeviceLabel, validateDriverName, validatePoolName } from './device-names.ts'
import { validateBindingConditions, validateDeviceToleration } from './device-taints.ts'
import { validateItems, validateUnique } from './limited-lists.ts'

const MOST_USERS = 256
const MOST_RESULTS = 32
const MOST_CONDITIONS = 8
const MOST_IPS = 16
const LONGEST_INTERFACE = 256
const LONGEST_ADDRESS = 128
const LONGEST_DATA = 10 * 1024
const IMMUTABLE = 'field is immutable'
const SOURCES = ['FromClaim', 'FromClass']
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

const printed = (type: string, value: object | undefined): JsonObject => printInternal(type, (value ?? {}) as JsonObject)

export const validateNewResourceClaim = ({ spec }: ResourceV1ResourceClaim): readonly FieldError[] => validateDeviceClaim(spec?.devices ?? {}, 'spec.devices')

/** What is asked for stays as it was. */
export const validateResourceClaimChange = ({ spec }: ResourceV1ResourceClaim, old: ResourceV1ResourceClaim): readonly FieldError[] => (deepEqual(spec, old.spec) ? [] : [invalid('spec', printed('DeviceClaimSpec', spec), IMMUTABLE)])

export function validateNewResourceClaimTemplate({ spec: outer }: ResourceClaimTemplate): readonly FieldError[] {
  const metadata = outer?.metadata
  return [...validateLabels(metadata?.labels, 'spec.metadata.labels'), ...validateAnnotations(metadata?.annotations, 'spec.metadata.annotations'), ...validateDeviceClaim(outer?.spec?.devices ?? {}, 'spec.spec.devices')]
}

export const validateResourceClaimTemplateChange = ({ spec }: ResourceClaimTemplate, old: ResourceClaimTemplate): readonly FieldError[] => (deepEqual(spec, old.spec) ? [] : [invalid('spec', { ...printedMetadata(spec?.metadata ?? {}), Spec: printed('DeviceClaimSpec', spec?.spec) }, IMMUTABLE)])

export function validateResourceClaimStatus(claim: ResourceV1ResourceClaim, old: ResourceV1ResourceClaim): readonly FieldError[] {
  const status = claim.status ?? {}
  const before = old.status?.allocation
  const { allocation, reservedFor = [] } = status
  const allocated = new Set((allocation?.devices?.results ?? []).map(deviceKey))
  return [
    ...validateUnique(reservedFor, { path: 'status.reservedFor', most: MOST_USERS, check: validateUser, keyOf: ({ uid }) => uid }),
    ...validateUnique(status.devices, { path: 'status.devices', check: (device, at) => validateDeviceStatus(device, allocated, at), keyOf: deviceKey }),
    ...validateReserved(status, old, claim.metadata.deletionTimestamp !== undefined),
    ...(allocation && before && !deepEqual(allocation, before) ? [invalid('status.allocation', printed('DeviceAllocation', allocation), IMMUTABLE)] : []),
    ...(allocation && !before ? validateAllocation(allocation, requestNames(claim.spec?.devices ?? {}), 'status.allocation') : []),
  ]
}

/** What is not given to anybody cannot be reserved, what is going not by more. */
function validateReserved({ allocation, reservedFor = [] }: ResourceClaimStatus, old: ResourceV1ResourceClaim, isGoing: boolean): readonly FieldError[] {
  const field = 'status.reservedFor'
  if (reservedFor.length === 0) return []
  if (!allocation) return [forbidden(field, 'may not be specified when `allocated` is not set')]
  const isNew = isGoing && reservedFor.some((user) => !(old.status?.reservedFor ?? []).some((one) => deepEqual(one, user)))
  return isNew ? [forbidden(field, 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set')] : []
}

const validateUser = ({ resource, name, uid }: ResourceClaimConsumerReference, path: string): readonly FieldError[] => [
  ...(resource ? [] : [required(`${path}.resource`)]),
  ...(name ? [] : [required(`${path}.name`)]),
  ...(uid ? [] : [required(`${path}.uid`)]),
]

interface Identified {
  readonly driver: string
  readonly pool: string
  readonly device: string
  readonly shareID?: string | undefined
}

const deviceKey = ({ driver, pool, device, shareID }: Identified): string => `${driver}/${pool}/${device}${shareID === undefined ? '' : `/${shareID}`}`

const validateShare = (shareID: string | undefined, field: string): readonly FieldError[] =>
  shareID === undefined || UUID.test(shareID) ? [] : [invalid(field, shareID, 'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters')]

const validateIdentity = ({ driver, pool, device }: Identified, path: string): readonly FieldError[] => [...validateDriverName(driver, `${path}.driver`), ...validatePoolName(pool, `${path}.pool`), ...validateDeviceLabel(device, `${path}.device`)]

function validateDeviceStatus(device: AllocatedDeviceStatus, allocated: ReadonlySet<string>, path: string): readonly FieldError[] {
  const { conditions = [], data, networkData } = device
  return [
    ...validateIdentity(device, path),
    ...validateShare(device.shareID, `${path}.shareID`),
    ...(allocated.has(deviceKey(device)) ? [] : [invalid(path, printedId(device), 'must be an allocated device in the claim')]),
    ...(conditions.length > MOST_CONDITIONS ? [tooMany(`${path}.conditions`, conditions.length, MOST_CONDITIONS)] : []),
    ...validateConditions(conditions, `${path}.conditions`),
    ...(data === undefined ? [] : validateRaw(data, `${path}.data`, LONGEST_DATA)),
    ...(networkData ? validateNetwork(networkData, `${path}.networkData`) : []),
  ]
}

const printedId = ({ driver, pool, device, shareID }: AllocatedDeviceStatus): unknown => ({ Driver: driver, Pool: pool, Device: device, ShareID: shareID ?? '' })

const validateNetwork = ({ interfaceName = '', hardwareAddress = '', ips }: NetworkDeviceData, path: string): readonly FieldError[] => [
  ...(byteLength(interfaceName) > LONGEST_INTERFACE ? [tooLong(`${path}.interfaceName`, LONGEST_INTERFACE)] : []),
  ...(byteLength(hardwareAddress) > LONGEST_ADDRESS ? [tooLong(`${path}.hardwareAddress`, LONGEST_ADDRESS)] : []),
  ...validateUnique(ips, { path: `${path}.ips`, most: MOST_IPS, check: (address, at) => interfaceAddress(at, address), keyOf: (address) => address }),
]

function validateAllocation({ devices, nodeSelector }: AllocationResult, names: RequestNames, path: string): readonly FieldError[] {
  return [
    ...validateItems(devices?.results, { path: `${path}.devices.results`, most: MOST_RESULTS, check: (result, at) => validateResult(result, names, at) }),
    ...validateItems(devices?.config, { path: `${path}.devices.config`, most: 2 * MOST_CONFIGS, check: (config, at) => validateConfig(config, names, at) }),
    ...(nodeSelector ? validateNodeSelector(nodeSelector, `${path}.nodeSelector`) : []),
  ]
}

const validateResult = (result: DeviceRequestAllocationResult, names: RequestNames, path: string): readonly FieldError[] => [
  ...validateRequestRef(result.request, names, `${path}.request`),
  ...validateIdentity(result, path),
  ...validateBindingConditions(result, path),
  ...each(result.tolerations, `${path}.tolerations`, validateDeviceToleration),
  ...validateShare(result.shareID, `${path}.shareID`),
]

function validateConfig({ source, requests, opaque }: DeviceAllocationConfiguration, names: RequestNames, path: string): readonly FieldError[] {
  const from = source === '' ? [required(`${path}.source`)] : SOURCES.includes(source) ? [] : [notSupported(`${path}.source`, source, SOURCES)]
  return [...from, ...validateRequestRefs(requests, names, `${path}.requests`), ...validateOpaque(opaque, `${path}.opaque`)]
}
