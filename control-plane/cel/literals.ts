/**
 * Literals that the parser's library does not know, said in a way that it does: messages (`Object.spec{replicas: 3}`) and parts that are
 * there only if they have a value (`{?"a": x}`, `[?x]`). Every character keeps the place where it stood, so errors point to what was written.
 */

/** What stands for a message, called with its type's name and its fields. No identifier of an expression begins so. */
export const MESSAGE = '__cel_message__'
/** What stands around a part that may have no value: a key, a field's name, an item. */
export const OPTIONAL = '__cel_optional__'

export interface Rewritten {
  readonly text: string
  /** The place of each character in what was written; `undefined`: where it is. */
  readonly origin: readonly number[] | undefined
}

interface Token {
  readonly kind: 'name' | 'other' | 'space'
  readonly text: string
  readonly at: number
  /** Put in here. */
  readonly isWritten?: boolean
}

const TOKEN = /\s+|\/\/[^\n]*|[rRbB]{0,2}(?:"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|[A-Za-z_]\w*|\d[\w.]*|[\s\S]/y

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  TOKEN.lastIndex = 0
  for (let match = TOKEN.exec(text); match !== null && match[0] !== ''; match = TOKEN.exec(text)) {
    const [found] = match
    tokens.push({ kind: /^(?:\s|\/\/)/.test(found) ? 'space' : /^[A-Za-z_]\w*$/.test(found) ? 'name' : 'other', text: found, at: match.index })
  }
  return tokens
}

const needsRewriting = (text: string): boolean => /\w\s*\{|[[{,]\s*\?/.test(text)

export function rewritten(text: string): Rewritten {
  if (!needsRewriting(text)) return { text, origin: undefined }
  const writer = new Writer()
  for (const token of tokensOf(text)) writer.take(token)
  return writer.done(text.length)
}

interface Frame {
  readonly kind: 'message' | 'map' | 'list' | 'other'
  /** Whether a part may begin here. */
  begins: boolean
  /** Whether the part at hand began with a question mark, and its mark is still open. */
  marked: boolean
}

class Writer {
  readonly #out: Token[] = []
  readonly #frames: Frame[] = []

  take(token: Token): void {
    if (token.kind === 'space') return void this.#out.push(token)
    const frame = this.#frames.at(-1)
    const begins = frame?.begins === true
    if (frame) frame.begins = false
    if (begins && token.text === '?' && frame && frame.kind !== 'other') return this.#mark(frame, token)
    if (frame?.kind === 'message' && token.kind === 'name' && (begins || frame.marked)) return this.#write(JSON.stringify(token.text), token.at)
    if (frame && (token.text === ',' || (token.text === ':' && frame.kind !== 'list') || '])}'.includes(token.text))) this.#unmark(frame, token.at)
    if (frame && token.text === ',') frame.begins = true
    this.#bracket(token)
  }

  done(end: number): Rewritten {
    // What was put in points, each character, to where it was put in.
    const origin = this.#out.flatMap(({ text, at, isWritten }) => Array.from({ length: text.length }, (_, index) => (isWritten ? at : at + index)))
    return { text: this.#out.map(({ text }) => text).join(''), origin: [...origin, end] }
  }

  #write(text: string, at: number): void {
    this.#out.push({ kind: 'other', text, at, isWritten: true })
  }

  #mark(frame: Frame, { at }: Token): void {
    frame.marked = true
    this.#write(`${OPTIONAL}(`, at)
  }

  #unmark(frame: Frame, at: number): void {
    if (!frame.marked) return
    frame.marked = false
    this.#write(')', at)
  }

  #bracket(token: Token): void {
    const { text } = token
    if (text === '{') return this.#brace(token)
    if (text === '[') this.#open(this.#followsValue() ? 'other' : 'list')
    else if (text === '(') this.#open('other')
    this.#out.push(token)
    if (text === ']' || text === ')' || text === '}') {
      const frame = this.#frames.pop()
      if (text === '}' && frame?.kind === 'message') this.#write(')', token.at)
    }
  }

  #brace(token: Token): void {
    const type = this.#takeTypeName()
    if (type !== undefined) this.#write(`${MESSAGE}(${JSON.stringify(type)}, `, token.at)
    this.#open(type === undefined ? 'map' : 'message')
    this.#out.push(token)
  }

  #open(kind: Frame['kind']): void {
    this.#frames.push({ kind, begins: true, marked: false })
  }

  #last(): Token | undefined {
    return this.#out.findLast(({ kind }) => kind !== 'space')
  }

  #followsValue(): boolean {
    const last = this.#last()
    return last !== undefined && (last.kind === 'name' ? last.text !== 'in' : /^(?:[)\]}]|.*["']|\d.*)$/s.test(last.text))
  }

  /** The name before a brace, taken back: it becomes an argument. */
  #takeTypeName(): string | undefined {
    const last = this.#last()
    if (last?.kind !== 'name' || last.text === 'in') return undefined
    let name = ''
    for (let wantsName = true; ; wantsName = !wantsName) {
      while (this.#out.at(-1)?.kind === 'space') this.#out.pop()
      const token = this.#out.at(-1)
      if (!token || (wantsName ? token.kind !== 'name' : token.text !== '.')) return name
      name = token.text + name
      this.#out.pop()
    }
  }
}
