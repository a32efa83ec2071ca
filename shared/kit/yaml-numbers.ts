/** Whole numbers of YAML that a double does not hold. */
import type { ScalarTag } from 'yaml'
import { wholeNumber } from '../model/json.ts'

/** Goes before the tags of the library, which reads all numbers as doubles: keeps what 64 bits hold. */
export const longInteger: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  test: /^[-+]?(?:[1-9][0-9_]{15,30}|0x[0-9a-fA-F_]{13,30})$/,
  resolve(text) {
    const size = BigInt(text.replace(/^[-+]|_/g, ''))
    return wholeNumber(text.startsWith('-') ? -size : size)
  },
}
