/** In whose name a write is made. */
import { byteLength } from '../../../shared/model/go-text.ts'

const MAX_BYTES = 128

/** The `fieldManager` parameter, or else the first word of the user agent: printable characters, at most 128 bytes. */
export function managerName(fieldManager: string | undefined, userAgent: string | undefined): string {
  if (fieldManager !== undefined && fieldManager !== '') return fieldManager
  let name = ''
  for (const char of (userAgent ?? '').split('/')[0] ?? '') {
    if (/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(char)) continue
    if (byteLength(name) + byteLength(char) > MAX_BYTES) break
    name += char
  }
  return name
}
