import type { Random } from './random.ts'

const HEX = '0123456789abcdef'

/** A version 4 UUID (RFC 9562) from the given randomness. */
export const newUid = (random: Random): string => random.uuid?.() ?? uidOf(random)

function uidOf(random: Random): string {
  let text = ''
  for (let i = 0; i < 32; i++) {
    if (i === 8 || i === 12 || i === 16 || i === 20) text += '-'
    if (i === 12) text += '4'
    else if (i === 16) text += HEX.charAt(8 + Math.floor(random.next() * 4))
    else text += HEX.charAt(Math.floor(random.next() * 16))
  }
  return text
}

/** Kubernetes leaves out vowels and look-alikes in generated names (`k8s.io/apimachinery/pkg/util/rand`). */
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789'

/** The random tail of a generated name: 5 characters unless told otherwise. */
export function nameSuffix(random: Random, length = 5): string {
  let text = ''
  for (let i = 0; i < length; i++) text += NAME_ALPHABET.charAt(Math.floor(random.next() * NAME_ALPHABET.length))
  return text
}
