/** A place in a file, and how it is shown. */

export interface Position {
  /** From 1. */
  readonly line: number
  /** From 1. */
  readonly column: number
  /** How many characters are meant. */
  readonly length: number
}

export interface Located {
  readonly file: string
  readonly text: string
  readonly position: Position
  readonly message: string
}

const BEFORE = 1

/** `web.yaml:12:9: message` with the lines meant below it. */
export function locatedText({ file, text, position, message }: Located): string {
  return `${file}:${position.line}:${position.column}: ${message}\n${frame(text, position)}`
}

/** The line, the one before it, and a mark under what is meant. */
export function frame(text: string, { line, column, length }: Position): string {
  const lines = text.split('\n')
  const first = Math.max(1, line - BEFORE)
  const width = String(line).length + 2
  const shown = lines.slice(first - 1, line).map((content, at) => `${String(first + at).padStart(width)} | ${content.replaceAll('\t', ' ')}`)
  return [...shown, `${' '.repeat(width)} | ${' '.repeat(column - 1)}${'^'.repeat(Math.max(1, Math.min(length, (lines[line - 1]?.length ?? 0) - column + 1)))}`].join('\n')
}
