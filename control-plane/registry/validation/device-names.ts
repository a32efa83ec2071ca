/** How drivers, pools, devices and their attributes may be called. */
import { type FieldError, invalid, required, tooLong } from '../../../shared/model/field-error.ts'
import { byteLength } from '../../../shared/model/go-text.ts'
import { cIdentifierProblems, dns1123LabelProblems } from '../../../shared/model/validation/names.ts'
import { dnsSubdomain, objections } from './check.ts'
import { validateCsiDriverName } from './volume-disks.ts'

const POOL_MAX = 253
const ID_MAX = 32

/** The rule of CSI drivers. */
export const validateDriverName = validateCsiDriverName

export const validateDeviceLabel = (name: string, field: string): readonly FieldError[] => objections(field, name, dns1123LabelProblems(name))

/** Subdomains with slashes between them. */
export function validatePoolName(name: string, field: string): readonly FieldError[] {
  if (name === '') return [required(field)]
  return [...(byteLength(name) > POOL_MAX ? [tooLong(field, POOL_MAX)] : []), ...name.split('/').flatMap((part) => dnsSubdomain(field, part))]
}

const validateIdentifier = (id: string, field: string): readonly FieldError[] => [...(byteLength(id) > ID_MAX ? [tooLong(field, ID_MAX)] : []), ...objections(field, id, cIdentifierProblems(id))]

/** `memory` or `gpu.example.com/memory`. */
export function validateAttributeName(name: string, field: string): readonly FieldError[] {
  const [first = '', second, ...more] = name.split('/')
  if (second === undefined) return validateIdentifier(first, field)
  if (more.length > 0) return [invalid(field, name, 'must not contain more than one slash')]
  return [
    ...(first === '' ? [invalid(field, '', 'the domain must not be empty')] : validateDriverName(first, field)),
    ...(second === '' ? [invalid(field, '', 'the name must not be empty')] : validateIdentifier(second, field)),
  ]
}

/** With a domain. */
export const validateFullAttributeName = (name: string, field: string): readonly FieldError[] => [
  ...validateAttributeName(name, field),
  ...(name.includes('/') ? [] : [invalid(field, name, 'a fully qualified name must be a domain and a name separated by a slash')]),
]
