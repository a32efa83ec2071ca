/** Values of JSON inside other values, in the words of Go's decoder. */
import { jsonProblem } from '../../../shared/model/json-problem.ts'

/** Why bytes are no JSON object; `undefined` if they are one, or null. */
export function jsonObjectProblem(bytes: Uint8Array): string | undefined {
  const text = latin(bytes)
  const problem = jsonProblem(text)
  if (problem !== undefined) return problem
  const value: unknown = JSON.parse(text)
  if (typeof value === 'object' && !Array.isArray(value)) return undefined
  return `json: cannot unmarshal ${Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value} into Go value of type map[string]interface {}`
}

/** Each byte as a character: enough to find the first that does not fit. */
function latin(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}
