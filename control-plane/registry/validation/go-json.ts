/** Why bytes are no JSON object, in the words of Go's decoder; `undefined` if they are one. */
export function jsonObjectProblem(bytes: Uint8Array): string | undefined {
  const text = latin(bytes)
  try {
    const value: unknown = JSON.parse(text)
    if (value === null || (typeof value === 'object' && !Array.isArray(value))) return undefined
    return `json: cannot unmarshal ${Array.isArray(value) ? 'array' : value === true || value === false ? 'bool' : typeof value} into Go value of type map[string]interface {}`
  } catch {
    return syntaxProblem(text)
  }
}

/** Each byte as a character: enough to find the first that does not fit. */
function latin(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

function syntaxProblem(text: string): string {
  const first = text.trimStart()
  if (first === '' || /^[[{]/.test(first)) return isCutOff(first) ? 'unexpected end of JSON input' : `invalid character ${quoted(wrongIn(first))} looking for beginning of object key string`
  return `invalid character ${quoted(first.charAt(0))} looking for beginning of value`
}

/** Whether some more text could make it JSON: told by closing what is open. */
function isCutOff(text: string): boolean {
  return text === '' || /[[{,:]\s*$/.test(text) || !/[\]}]\s*$/.test(text)
}

const wrongIn = (text: string): string => /^\{\s*([^"\s}])/.exec(text)?.[1] ?? text.charAt(0)

const quoted = (char: string): string => (char === "'" ? "'\\''" : `'${char}'`)
