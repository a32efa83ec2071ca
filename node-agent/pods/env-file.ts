export type FileValue = { readonly kind: 'value'; readonly value: string | undefined } | { readonly kind: 'refused'; readonly message: string }

interface FileKey {
  readonly key: string
  readonly path: string
  readonly optional?: boolean | undefined
}

const UNREADABLE: FileValue = { kind: 'refused', message: "couldn't parse env file" }

/**
 * One value out of a file of variables (`fileKeyRef`), each `NAME='value'`: the value may hold line breaks, a comment may follow it. Read up to the first
 * variable of that name, so that what comes after it may be anything; one with a space behind its `=` counts as empty. An empty one counts as missing, and
 * a file that is not there cannot be read, optional or not. Pure.
 */
export function fileValue(text: string | undefined, { key, path, optional }: FileKey): FileValue {
  const value = text === undefined ? 'unreadable' : valueIn(text, key)
  if (typeof value === 'string') return UNREADABLE
  if (value.found !== '') return { kind: 'value', value: value.found }
  return optional === true ? { kind: 'value', value: undefined } : { kind: 'refused', message: `environment variable key ${JSON.stringify(key)} not found in file ${JSON.stringify(path)}` }
}

/** The text up to the quote, where nothing but a comment follows it. */
function beforeQuote(text: string): string | undefined {
  const quote = text.indexOf("'")
  const rest = text.slice(quote + 1).trimStart()
  return quote >= 0 && (rest === '' || rest.startsWith('#')) ? text.slice(0, quote) : undefined
}

function valueIn(text: string, key: string): { readonly found: string } | 'unreadable' {
  const lines = text.split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  for (let at = 0; at < lines.length; at++) {
    const line = (lines[at] ?? '').trimStart()
    if (line === '' || line.startsWith('#')) continue
    const equals = line.indexOf('=')
    const name = line.slice(0, Math.max(0, equals))
    const given = line.slice(equals + 1)
    if (name === '' || name.trimEnd() !== name) return 'unreadable'
    if (given.trimStart() !== given) {
      if (name === key) return { found: '' }
      continue
    }
    if (!given.startsWith("'")) return 'unreadable'
    let end = at
    const first = given.slice(1)
    while (end < lines.length && !(end === at ? first : (lines[end] ?? '')).includes("'")) end++
    const last = beforeQuote(end === at ? first : (lines[end] ?? ''))
    if (last === undefined) return 'unreadable'
    if (name === key) return { found: end === at ? last : [first, ...lines.slice(at + 1, end), last].join('\n') }
    at = end
  }
  return { found: '' }
}
