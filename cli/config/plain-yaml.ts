/**
 * Reads the plain part of YAML in which kubeconfigs are written: block maps, block lists, one-line scalars. A whole YAML reader takes
 * a quarter of the time that `gantry get` has; whatever is not plain is left to it.
 */

/** The value, or `undefined` when the text is not plain enough. */
export function readPlainYaml(text: string): unknown {
  if (text.trimStart().startsWith('{')) return readJson(text)
  const lines: Line[] = []
  for (const raw of text.split('\n')) {
    const content = raw.trimStart()
    if (content === '' || content.startsWith('#') || (lines.length === 0 && raw === '---')) continue
    lines.push({ indent: raw.length - content.length, text: content.trimEnd() })
  }
  const state: State = { lines, at: 0 }
  try {
    const value = lines.length === 0 ? undefined : readBlock(state, 0)
    return state.at === lines.length ? value : undefined
  } catch (error) {
    if (error === NOT_PLAIN) return undefined
    throw error
  }
}

interface Line {
  readonly indent: number
  readonly text: string
}
interface State {
  readonly lines: Line[]
  at: number
}

/** Thrown and caught in this file only: leave it to the whole reader. */
const NOT_PLAIN = new Error('not plain')

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function readBlock(state: State, indent: number): unknown {
  const line = state.lines[state.at]
  if (line?.indent !== indent) throw NOT_PLAIN
  return line.text === '-' || line.text.startsWith('- ') ? readList(state, indent) : readMap(state, indent)
}

function readList(state: State, indent: number): readonly unknown[] {
  const items: unknown[] = []
  for (;;) {
    const line = state.lines[state.at]
    if (line?.indent !== indent || !line.text.startsWith('- ')) return items
    // The item's first line is read as if it stood where its text begins.
    const rest = line.text.slice(2).trimStart()
    if (KEY.test(rest)) {
      state.lines[state.at] = { indent: indent + line.text.length - rest.length, text: rest }
      items.push(readMap(state, indent + line.text.length - rest.length))
    } else {
      state.at++
      items.push(readScalar(rest))
    }
  }
}

const KEY = /^([A-Za-z0-9_./-]+):(?:\s+(.*))?$/

function readMap(state: State, indent: number): Readonly<Record<string, unknown>> {
  const entries: [string, unknown][] = []
  for (;;) {
    const line = state.lines[state.at]
    if (line === undefined || line.indent < indent || line.text.startsWith('- ')) return Object.fromEntries(entries)
    const [, key, value] = KEY.exec(line.text) ?? []
    if (line.indent !== indent || key === undefined) throw NOT_PLAIN
    state.at++
    entries.push([key, value === undefined || value === '' ? readBelow(state, indent) : readScalar(value)])
  }
}

/** A list may stand at the indentation of its key. */
function readBelow(state: State, indent: number): unknown {
  const next = state.lines[state.at]
  if (next === undefined) return null
  if (next.indent > indent) return readBlock(state, next.indent)
  return next.indent === indent && next.text.startsWith('- ') ? readList(state, indent) : null
}

function readScalar(text: string): unknown {
  if (text === '{}') return {}
  if (text === '[]') return []
  if (/^"[^"\\]*"$/.test(text) || /^'[^']*'$/.test(text)) return text.slice(1, -1)
  // Anything with a meaning of its own in YAML is for the whole reader.
  if (/^[[\]{}&*!|>'"%@`#,?-]/.test(text) || /:\s|\s#|:$/.test(text)) throw NOT_PLAIN
  if (text === 'true' || text === 'false') return text === 'true'
  if (text === 'null' || text === '~') return null
  if (/^[-+.]?\d/.test(text) && /^[-+]?(\d[\d_]*)?\.?\d*(e[-+]?\d+)?$|^0[xo]/i.test(text)) return Number(text)
  return text
}
