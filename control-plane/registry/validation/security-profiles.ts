import { type FieldError, invalid, required, tooLong } from '../../../shared/model/field-error.ts'
import type { AppArmorProfile, SeccompProfile } from '../../../shared/model/gen/api.ts'
import { byteLength } from '../../../shared/model/go-text.ts'
import { descendingPath, oneOf } from './check.ts'

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined'] as const
const APP_ARMOR_NAME_MAX = 4095

export function validateSeccompProfile(profile: SeccompProfile | undefined, path: string): readonly FieldError[] {
  if (!profile) return []
  const { type, localhostProfile } = profile
  const field = `${path}.localhostProfile`
  const typed = type ? oneOf(`${path}.type`, type, profileTypes) : [required(`${path}.type`, 'type is required when seccompProfile is set')]
  if (type !== 'Localhost') {
    return localhostProfile === undefined ? typed : [...typed, invalid(field, { Type: type ?? '', LocalhostProfile: localhostProfile }, 'can only be set when seccomp type is Localhost')]
  }
  return [...typed, ...(localhostProfile === undefined ? [required(field, 'must be set when seccomp type is Localhost')] : descendingPath(field, localhostProfile))]
}

export function validateAppArmorProfile(profile: AppArmorProfile | undefined, path: string): readonly FieldError[] {
  if (!profile) return []
  const { type, localhostProfile } = profile
  const field = `${path}.localhostProfile`
  if (!type) return [required(`${path}.type`, 'type is required when appArmorProfile is set')]
  if (type === 'Localhost') return validateAppArmorName(localhostProfile, field)
  const typed = oneOf(`${path}.type`, type, profileTypes)
  return typed.length === 0 && localhostProfile !== undefined ? [invalid(field, localhostProfile, 'can only be set when AppArmor type is Localhost')] : typed
}

function validateAppArmorName(name: string | undefined, field: string): readonly FieldError[] {
  if (name === undefined) return [required(field, 'must be set when AppArmor type is Localhost')]
  const errors: FieldError[] = []
  if (name.trim() !== name) errors.push(invalid(field, name, 'must not be padded with whitespace'))
  else if (name === '') errors.push(required(field, 'must be set when AppArmor type is Localhost'))
  return byteLength(name) > APP_ARMOR_NAME_MAX ? [...errors, tooLong(field, APP_ARMOR_NAME_MAX)] : errors
}
