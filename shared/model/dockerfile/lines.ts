/** A Dockerfile cut into what its instructions are written on: directives, comments, continued lines, here-documents. Pure. */

/** A text that stands below its instruction (`<<EOF` … `EOF`). */
export interface Heredoc {
  readonly name: string
  readonly content: string
  /** Its name was not quoted: variables in it are replaced. */
  readonly expands: boolean
  /** Which word announced it, as written. */
  readonly word: string
}

export interface LogicalLine {
  /** Of its first part, counted from 1. */
  readonly line: number
  /** Joined; comments between its parts are left out. */
  readonly text: string
  readonly heredocs: readonly Heredoc[]
}

export interface LineProblem {
  readonly line: number
  readonly message: string
}

export interface Lines {
  /** The character that continues lines and quotes others: a backslash unless the file says otherwise. */
  readonly escape: string
  readonly lines: readonly LogicalLine[]
  readonly problems: readonly LineProblem[]
}

/** Instructions that texts may stand below. */
const WITH_HEREDOCS = /^\s*(?:ONBUILD\s+)?(?:ADD|COPY|RUN)\s/i

export function linesOf(text: string): Lines {
  const physical = text.replace(/^\ufeff/, '').split(/\r?\n/)
  const { escape, start, problems } = directivesOf(physical)
  const lines: LogicalLine[] = []
  for (let at = start; at < physical.length; ) {
    if (isNothing(physical[at] ?? '')) {
      at++
      continue
    }
    const joined = join(physical, at, escape)
    const { heredocs, next, problem } = WITH_HEREDOCS.test(joined.text) ? readHeredocs(physical, joined, at) : { heredocs: [], next: joined.next, problem: undefined }
    if (problem !== undefined) problems.push(problem)
    lines.push({ line: at + 1, text: joined.text, heredocs })
    at = next
  }
  return { escape, lines, problems }
}

const isNothing = (line: string): boolean => /^\s*(?:#.*)?$/.test(line)

/** `# escape=` and the like count only above everything else. */
function directivesOf(physical: readonly string[]): { readonly escape: string; readonly start: number; readonly problems: LineProblem[] } {
  const problems: LineProblem[] = []
  const seen = new Set<string>()
  let escape = '\\'
  let start = 0
  for (; start < physical.length; start++) {
    const [, name = '', value = ''] = /^#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*$/.exec(physical[start] ?? '') ?? []
    const key = name.toLowerCase()
    if (!DIRECTIVES.has(key)) break
    if (seen.has(key)) problems.push({ line: start + 1, message: `only one ${key} directive can be used` })
    seen.add(key)
    if (key !== 'escape') continue
    if (value === '\\' || value === '`') escape = value
    else problems.push({ line: start + 1, message: `invalid escape directive ${JSON.stringify(value)}: it must be \\ or \`` })
  }
  return { escape, start, problems }
}

/** `syntax` names a frontend of another builder, `check` its warnings: both are read over. */
const DIRECTIVES: ReadonlySet<string> = new Set(['escape', 'syntax', 'check'])

interface Joined {
  readonly text: string
  /** The line after it. */
  readonly next: number
}

function join(physical: readonly string[], from: number, escape: string): Joined {
  let text = ''
  let at = from
  for (; at < physical.length; at++) {
    const line = physical[at] ?? ''
    // Comments and empty lines between the parts of an instruction belong to nobody.
    if (at > from && isNothing(line)) continue
    const part = withoutContinuation(line, escape)
    text += part ?? line
    if (part === undefined) return { text: text.trim(), next: at + 1 }
  }
  return { text: text.trim(), next: at }
}

/** The line without the mark at its end; undefined where it has none. Two marks are one character. */
function withoutContinuation(line: string, escape: string): string | undefined {
  let end = line.length
  while (line[end - 1] === ' ' || line[end - 1] === '\t') end--
  const trimmed = line.slice(0, end)
  if (!trimmed.endsWith(escape) || trimmed.endsWith(escape + escape)) return undefined
  return trimmed.slice(0, -1)
}

function readHeredocs(physical: readonly string[], { text, next }: Joined, at: number): { readonly heredocs: readonly Heredoc[]; readonly next: number; readonly problem: LineProblem | undefined } {
  const heredocs: Heredoc[] = []
  let from = next
  for (const { word, name, expands, strips } of announced(text)) {
    let end = from
    while (end < physical.length && (strips ? physical[end]?.replace(/^\t+/, '') : physical[end]) !== name) end++
    if (end === physical.length) return { heredocs, next: physical.length, problem: { line: at + 1, message: `unterminated heredoc ${name}: no line ${JSON.stringify(name)} follows` } }
    const content = physical.slice(from, end).map((line) => `${strips ? line.replace(/^\t+/, '') : line}\n`)
    heredocs.push({ word, name, expands, content: content.join('') })
    from = end + 1
  }
  return { heredocs, next: from, problem: undefined }
}

interface Announced {
  readonly word: string
  readonly name: string
  readonly expands: boolean
  readonly strips: boolean
}

/** Words like `<<EOF`, `<<-EOF`, `<<"EOF"` and `3<<EOF`, wherever a shell would see them: not within quotes. */
function announced(text: string): readonly Announced[] {
  const found: Announced[] = []
  let quote = ''
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at)
    if (char === '\\') at++
    else if (quote !== '') quote = char === quote ? '' : quote
    else if (char === '"' || char === "'") quote = char
    else if (char === '<' && text.charAt(at + 1) === '<') {
      const match = /^<<(-?)(["']?)([A-Za-z_][\w.-]*)\2/.exec(text.slice(at))
      // `<<<` is a string of the shell's, `$((1<<2))` arithmetic.
      if (match !== null) found.push({ word: match[0], strips: match[1] === '-', expands: match[2] === '', name: match[3] ?? '' })
      at += (match?.[0].length ?? 3) - 1
    }
  }
  return found
}
