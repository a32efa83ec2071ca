/**
 * Links in HTML on its way through the proxy. Start tags are written anew as Go's tokenizer prints them (names in lower case, values in double quotes), all
 * else passes byte by byte. Works on text in pieces: what is not a whole tag yet waits for more. PURE.
 */

const LINKS: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
}

/** Their content is text up to their end tag, whatever it looks like. */
const RAW = new Set(['iframe', 'noembed', 'noframes', 'noscript', 'plaintext', 'script', 'style', 'title', 'textarea', 'xmp'])

/** A tag, comment or piece of raw text that is longer passes as it is: what waits in memory is bounded. */
const LONGEST_WAIT = 256 * 1024

export interface HtmlRewriter {
  /** What can be written by now. */
  push(text: string): string
  /** The rest, as it is. */
  end(): string
}

export function htmlRewriter(rewrite: (url: string) => string): HtmlRewriter {
  let waiting = ''
  /** Within raw text: the name whose end tag ends it. */
  let raw: string | undefined
  return {
    push(text) {
      waiting += text
      let done = ''
      while (waiting !== '') {
        const piece = raw === undefined ? nextPiece(waiting) : rawPiece(waiting, raw)
        if (!piece && waiting.length <= LONGEST_WAIT) break
        const { length, tag } = piece ?? { length: waiting.length }
        done += tag ? printTag(tag, rewrite) : waiting.slice(0, length)
        if (piece && raw !== undefined) raw = undefined
        if (tag && !tag.selfClosing && RAW.has(tag.name)) raw = tag.name
        waiting = waiting.slice(length)
      }
      return done
    },
    end() {
      const rest = waiting
      waiting = ''
      return rest
    },
  }
}

interface Tag {
  readonly name: string
  readonly attributes: ReadonlyArray<readonly [name: string, value: string]>
  readonly selfClosing: boolean
}

interface Piece {
  readonly length: number
  readonly tag?: Tag
}

/** The next piece that is whole: text up to a tag, a comment, an end tag, a start tag; `undefined` when more must come first. */
function nextPiece(text: string): Piece | undefined {
  if (!text.startsWith('<')) {
    const at = text.indexOf('<')
    return { length: at < 0 ? text.length : at }
  }
  if (text.length < 4) return undefined
  if (text.startsWith('<!--')) return until(text, '-->')
  if (/^<[!?/]/.test(text)) return until(text, '>')
  if (!/^<[A-Za-z]/.test(text)) return { length: 1 }
  return startTag(text)
}

function until(text: string, end: string): Piece | undefined {
  const at = text.indexOf(end)
  return at < 0 ? undefined : { length: at + end.length }
}

function rawPiece(text: string, name: string): Piece | undefined {
  const end = new RegExp(`</${name}[\\s/>]`, 'i').exec(text)
  return end && name !== 'plaintext' ? { length: end.index } : undefined
}

const ATTRIBUTE = /[\s/]*([^\s/>=]+|=[^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*)?))?/y

function startTag(text: string): Piece | undefined {
  const name = /^<([A-Za-z][^\s/>]*)/.exec(text)?.[1] ?? ''
  const attributes: Array<readonly [string, string]> = []
  let at = 1 + name.length
  for (;;) {
    const close = /[\s/]*>/y
    close.lastIndex = at
    const closing = close.exec(text)
    if (closing) return { length: close.lastIndex, tag: { name: name.toLowerCase(), attributes, selfClosing: closing[0].endsWith('/>') } }
    ATTRIBUTE.lastIndex = at
    const found = ATTRIBUTE.exec(text)
    // Whatever ends where the text does may go on in the next piece.
    if (!found || ATTRIBUTE.lastIndex >= text.length || ATTRIBUTE.lastIndex === at) return undefined
    attributes.push([(found[1] ?? '').toLowerCase(), unescapeText(found[2] ?? found[3] ?? found[4] ?? '')])
    at = ATTRIBUTE.lastIndex
  }
}

function printTag({ name, attributes, selfClosing }: Tag, rewrite: (url: string) => string): string {
  const links = LINKS[name] ?? []
  const texts = attributes.map(([key, value]) => ` ${key}="${escapeText(links.includes(key) ? rewrite(value) : value)}"`)
  return `<${name}${texts.join('')}${selfClosing ? '/' : ''}>`
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', "'": '&#39;', '<': '&lt;', '>': '&gt;', '"': '&#34;', '\r': '&#13;' }
const escapeText = (text: string): string => text.replace(/[&'<>"\r]/g, (one) => ESCAPES[one] ?? one)

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** The references that links hold; others are left for the browser. */
const unescapeText = (text: string): string => text.replace(/&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);/g, (all) => NAMED[all.slice(1, -1)] ?? fromCode(all))

function fromCode(reference: string): string {
  const isHex = /^&#x/i.test(reference)
  const code = Number.parseInt(reference.slice(isHex ? 3 : 2, -1), isHex ? 16 : 10)
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : reference
}
