import type { Terminal } from '../program/terminal.ts'

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

/** Tells what the server warns of in its answers' headers, each warning once. */
export function createWarnings(terminal: Pick<Terminal, 'err'>): (headers: Headers) => void {
  const told = new Set<string>()
  return (headers) => {
    for (const header of [headers['warning'] ?? []].flat()) {
      for (const [, quoted = ''] of header.matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)) {
        const message = Buffer.from(quoted.replace(/\\(.)/g, '$1'), 'latin1').toString('utf8')
        if (!told.has(message)) terminal.err(`Warning: ${message}\n`)
        told.add(message)
      }
    }
  }
}
