import { decodeBase64 } from '../../../shared/model/base64.ts'
import type { Secret } from '../../../shared/model/gen/api.ts'

const PEM = '-----BEGIN '

/** Whether the bytes hold the beginning of a PEM block. */
function holdsPem(encoded: string | undefined): boolean {
  let text = ''
  for (const byte of decodeBase64(encoded ?? '') ?? []) text += String.fromCharCode(byte)
  return text.includes(PEM)
}

/** A pair that no server could use. */
export function secretWarnings({ type, data }: Secret): readonly string[] {
  if (type !== 'kubernetes.io/tls') return []
  if (!holdsPem(data?.['tls.crt'])) return ['tls: failed to find any PEM data in certificate input']
  return holdsPem(data?.['tls.key']) ? [] : ['tls: failed to find any PEM data in key input']
}
