export type FileValue = { readonly kind: 'value'; readonly value: string | undefined } | { readonly kind: 'refused'; readonly message: string }

interface FileKey {
  readonly key: string
  readonly path: string
  readonly optional?: boolean | undefined
}

const LINE = /^\s*([^=\s#][^=]*)='([^']*)'\s*$/

/** One value out of a file of variables, each a line `NAME='value'` (`fileKeyRef`). Pure. */
export function fileValue(text: string | undefined, { key, path, optional }: FileKey): FileValue {
  if (text === undefined) return optional === true ? { kind: 'value', value: undefined } : { kind: 'refused', message: `environment variable file ${path} not found` }
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('#'))
  const parsed = lines.map((line) => LINE.exec(line))
  if (parsed.some((match) => match === null)) return { kind: 'refused', message: "couldn't parse env file" }
  const found = parsed.findLast((match) => match?.[1] === key)
  if (!found && optional !== true) return { kind: 'refused', message: `environment variable key ${key} not found in file ${path}` }
  return { kind: 'value', value: found?.[2] }
}
