/** Finds object keys that stand twice in JSON, which `JSON.parse` does not tell. */

export interface DuplicateKey {
  /** `spec.containers[0].image`. */
  readonly path: string
  /** Where in the text its second appearance ends, to tell what comes first. */
  readonly at: number
}

const QUOTE = 34
const BACKSLASH = 92
const COMMA = 44
const COLON = 58
const OPEN_LIST = 91
const CLOSE_LIST = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125

/** An object or a list that is open; `index` counts the items of a list. */
interface Open {
  keys: string[]
  set: Set<string> | undefined
  key: string
  index: number
}

const SMALL = 8

/** Whether the key was there already; remembers it. */
function seen(open: Open, key: string): boolean {
  if (open.set) return open.set.size === open.set.add(key).size
  if (open.keys.includes(key)) return true
  open.keys.push(key)
  if (open.keys.length > SMALL) open.set = new Set(open.keys)
  return false
}

const pathOf = (opened: readonly Open[]): string => opened.map((open) => (open.index >= 0 ? `[${open.index}]` : `.${open.key}`)).join('').replace(/^\./, '')

/** @param text JSON that has been parsed already, so that it is known to be good. In the order of the text. */
export function duplicateKeys(text: string): readonly DuplicateKey[] {
  const found: DuplicateKey[] = []
  const opened: Open[] = []
  let open: Open | undefined
  let keyIsDue = false
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const end = endOfString(text, at + 1)
        if (keyIsDue && open) {
          const raw = text.slice(at + 1, end)
          open.key = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw
          if (seen(open, open.key)) found.push({ path: pathOf(opened), at: end })
        }
        at = end
        break
      }
      case COLON:
        keyIsDue = false
        break
      case COMMA:
        if (open && open.index >= 0) open.index++
        else keyIsDue = true
        break
      case OPEN_OBJECT:
        open = { keys: [], set: undefined, key: '', index: -1 }
        opened.push(open)
        keyIsDue = true
        break
      case OPEN_LIST:
        open = { keys: [], set: undefined, key: '', index: 0 }
        opened.push(open)
        keyIsDue = false
        break
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        opened.pop()
        open = opened.at(-1)
        keyIsDue = false
        break
    }
  }
  return found
}

function endOfString(text: string, from: number): number {
  let end = text.indexOf('"', from)
  while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end < 0 ? text.length : end
}

/** Whether an odd number of backslashes stands before. */
function isEscaped(text: string, at: number): boolean {
  let backslashes = 0
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++
  return backslashes % 2 === 1
}

/** Where in the text each path (`spec.foo`) first ends its key: asked only when the order of complaints matters. */
export function keyPositions(text: string): ReadonlyMap<string, number> {
  const positions = new Map<string, number>()
  const opened: Open[] = []
  let open: Open | undefined
  let keyIsDue = false
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '"') {
      const end = endOfString(text, at + 1)
      if (keyIsDue && open) {
        open.key = JSON.parse(text.slice(at, end + 1)) as string
        const path = pathOf(opened)
        if (!positions.has(path)) positions.set(path, end)
      }
      at = end
    } else if (char === ':') keyIsDue = false
    else if (char === ',') {
      if (open && open.index >= 0) open.index++
      else keyIsDue = true
    } else if (char === '{' || char === '[') {
      open = { keys: [], set: undefined, key: '', index: char === '[' ? 0 : -1 }
      opened.push(open)
      keyIsDue = char === '{'
    } else if (char === '}' || char === ']') {
      opened.pop()
      open = opened.at(-1)
      keyIsDue = false
    }
  }
  return positions
}
