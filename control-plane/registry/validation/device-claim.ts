/** What a claim asks for: requests for devices, constraints between them, configuration. Also in templates. */
import { type FieldError, invalid, notSupported, required, tooLong } from '../../../shared/model/field-error.ts'
import type { DeviceClaim, DeviceConstraint, DeviceRequest, DeviceSelector, DeviceSubRequest, ExactDeviceRequest, OpaqueDeviceConfiguration } from '../../../shared/model/gen/api.ts'
import { byteLength } from '../../../shared/model/go-text.ts'
import { isJsonObject } from '../../../shared/model/json.ts'
import { dnsSubdomain, each } from './check.ts'
import { validateDeviceLabel, validateDriverName, validateFullAttributeName } from './device-names.ts'
import { validateDeviceToleration } from './device-taints.ts'
import { validateItems, validateUnique } from './limited-lists.ts'

const MOST_REQUESTS = 32
const MOST_ALTERNATIVES = 8
const MOST_SELECTORS = 32
export const MOST_CONFIGS = 32
export const LONGEST_SELECTOR = 10 * 1024
const LONGEST_PARAMETERS = 10 * 1024
const MODES = ['All', 'ExactCount']
const ONE_OF = 'exactly one of `exactly` or `firstAvailable` is required'
const NO_REQUEST = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

/** Requests by name, with those of their alternatives. */
export type RequestNames = ReadonlyMap<string, ReadonlySet<string>>

export const requestNames = ({ requests = [] }: DeviceClaim): RequestNames => new Map(requests.map(({ name, firstAvailable = [] }) => [name, new Set(firstAvailable.map((one) => one.name))]))

export function validateDeviceClaim(claim: DeviceClaim, path: string): readonly FieldError[] {
  const names = requestNames(claim)
  return [
    ...validateUnique(claim.requests, { path: `${path}.requests`, most: MOST_REQUESTS, check: validateRequest, keyOf: ({ name }) => name }),
    ...validateItems(claim.constraints, { path: `${path}.constraints`, most: MOST_REQUESTS, check: (constraint, at) => validateConstraint(constraint, names, at) }),
    ...validateItems(claim.config, { path: `${path}.config`, most: MOST_CONFIGS, check: ({ requests, opaque }, at) => [...validateRequestRefs(requests, names, `${at}.requests`), ...validateOpaque(opaque, `${at}.opaque`)] }),
  ]
}

function validateRequest({ name, exactly, firstAvailable = [] }: DeviceRequest, path: string): readonly FieldError[] {
  const named = validateDeviceLabel(name, `${path}.name`)
  if (firstAvailable.length > 0 && exactly) return [...named, invalid(path, null, `${ONE_OF}, but multiple fields are set`)]
  if (firstAvailable.length > 0) {
    const check = (one: DeviceSubRequest, at: string): readonly FieldError[] => [...validateDeviceLabel(one.name, `${at}.name`), ...validateWanted(one, at)]
    return [...named, ...validateUnique(firstAvailable, { path: `${path}.firstAvailable`, most: MOST_ALTERNATIVES, check, keyOf: (one) => one.name })]
  }
  return [...named, ...(exactly ? validateWanted(exactly, `${path}.exactly`) : [required(path, ONE_OF)])]
}

function validateWanted(wanted: ExactDeviceRequest | DeviceSubRequest, path: string): readonly FieldError[] {
  const { deviceClassName, selectors, tolerations } = wanted
  return [
    ...(deviceClassName ? dnsSubdomain(`${path}.deviceClassName`, deviceClassName) : [required(`${path}.deviceClassName`)]),
    ...validateSelectors(selectors, `${path}.selectors`),
    ...validateMode(wanted, path),
    ...each(tolerations, `${path}.tolerations`, validateDeviceToleration),
  ]
}

function validateMode({ allocationMode = '', count = 0 }: ExactDeviceRequest | DeviceSubRequest, path: string): readonly FieldError[] {
  switch (allocationMode) {
    case 'All':
      return count === 0 ? [] : [invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'")]
    case 'ExactCount':
      return count > 0 ? [] : [invalid(`${path}.count`, count, 'must be greater than zero')]
    default:
      return [notSupported(`${path}.allocationMode`, allocationMode, MODES)]
  }
}

/** Also of device classes. */
export const validateSelectors = (selectors: readonly DeviceSelector[] | undefined, path: string): readonly FieldError[] =>
  validateItems(selectors, {
    path,
    most: MOST_SELECTORS,
    check: ({ cel }, at) => (cel ? (byteLength(cel.expression) > LONGEST_SELECTOR ? [tooLong(`${at}.cel.expression`, LONGEST_SELECTOR)] : []) : [required(`${at}.cel`)]),
  })

function validateConstraint({ requests, matchAttribute, distinctAttribute }: DeviceConstraint, names: RequestNames, path: string): readonly FieldError[] {
  const references = validateRequestRefs(requests, names, `${path}.requests`)
  if (matchAttribute !== undefined) return [...references, ...validateFullAttributeName(matchAttribute, `${path}.matchAttribute`)]
  if (distinctAttribute !== undefined) return [...references, ...validateFullAttributeName(distinctAttribute, `${path}.distinctAttribute`)]
  return [...references, required(path, 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set')]
}

export const validateRequestRefs = (references: readonly string[] | undefined, names: RequestNames, path: string): readonly FieldError[] =>
  validateUnique(references, { path, most: MOST_REQUESTS, check: (name, at) => validateRequestRef(name, names, at), keyOf: (name) => name })

export function validateRequestRef(name: string, names: RequestNames, path: string): readonly FieldError[] {
  const [first = '', second, ...more] = name.split('/')
  if (more.length > 0) return [invalid(path, name, NO_REQUEST)]
  const isKnown = names.has(first) && (second === undefined || names.get(first)?.has(second) === true)
  return [...name.split('/').flatMap((part) => validateDeviceLabel(part, path)), ...(isKnown ? [] : [invalid(path, name, NO_REQUEST)])]
}

/** Of a driver, for that driver: any JSON object. */
export function validateOpaque(opaque: OpaqueDeviceConfiguration | undefined, path: string): readonly FieldError[] {
  if (!opaque) return [required(path)]
  return [...validateDriverName(opaque.driver, `${path}.driver`), ...validateRaw(opaque.parameters, `${path}.parameters`, LONGEST_PARAMETERS)]
}

export function validateRaw(value: unknown, field: string, maxBytes: number): readonly FieldError[] {
  if (value === undefined || value === null) return [required(field)]
  if (byteLength(JSON.stringify(value)) > maxBytes) return [tooLong(field, maxBytes)]
  return isJsonObject(value) ? [] : [invalid(field, '<value omitted>', 'must be a valid JSON object')]
}
