import { type FieldError, invalid } from '../../../shared/model/field-error.ts'

const PART = /^[A-Za-z.\-_0-9+]{1,14}$/
/** Names of zones are files to Kubernetes, so that capitals matter. */
const CAPITALIZED = /^(?:[A-Z][^/]*)(?:\/[A-Z][^/]*)*$/

export function validateTimeZone(zone: string, field: string): readonly FieldError[] {
  if (zone === '') return [invalid(field, zone, 'timeZone must be nil or non-empty string')]
  const unknown = invalid(field, zone, `unknown time zone ${zone}`)
  if (zone.split('/').some((part) => part === '.' || part === '..' || part.startsWith('-') || !PART.test(part))) return [unknown]
  const local = zone.toLowerCase() === 'local' ? [invalid(field, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones')] : []
  return zone === 'Local' || isKnownZone(zone) ? local : [...local, unknown]
}

/** By its name in the IANA's list. */
export function isKnownZone(zone: string): boolean {
  if (!CAPITALIZED.test(zone)) return false
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}
