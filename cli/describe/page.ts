/** A description as it is written: lines at levels, with tabs between label and value. */
import { alignTabs } from '../print/tabs.ts'

export interface Page {
  /** @param level two spaces each */
  line(level: number, text: string): void
  /** `Label:  a=b` with one line for each further member. */
  multiline(label: string, members: Readonly<Record<string, string>> | undefined): void
  text(): string
}

/** Members of a map by their names. */
export const inOrder = <T>(members: Readonly<Record<string, T>> | undefined): ReadonlyArray<readonly [string, T]> => Object.entries(members ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1))

export function createPage(): Page {
  const lines: string[] = []
  const line = (level: number, text: string): void => void lines.push(...text.split('\n').map((part) => '  '.repeat(level) + part))
  return {
    line,
    multiline(label, members) {
      const entries = inOrder(members)
      if (entries.length === 0) line(0, `${label}:\t<none>`)
      for (const [at, [key, value]] of entries.entries()) line(0, `${at === 0 ? `${label}:` : ''}\t${key}=${value}`)
    },
    text: () => `${alignTabs(lines.join('\n'))}\n`,
  }
}

const ANNOTATION_WIDTH = 140
/** Written by machines for machines. */
const HIDDEN = new Set(['kubectl.kubernetes.io/last-applied-configuration'])

export function annotationLines(page: Page, annotations: Readonly<Record<string, string>> | undefined, label = 'Annotations'): void {
  const entries = inOrder(annotations).filter(([key]) => !HIDDEN.has(key))
  if (entries.length === 0) return page.line(0, `${label}:\t<none>`)
  for (const [at, [key, value]] of entries.entries()) {
    const head = at === 0 ? `${label}:` : ''
    const text = value.trim()
    if (text.length + key.length + 2 < ANNOTATION_WIDTH && !text.includes('\n')) page.line(0, `${head}\t${key}: ${text}`)
    else {
      page.line(0, `${head}\t${key}:`)
      for (const part of text.split('\n')) page.line(0, `\t  ${part.length > ANNOTATION_WIDTH - 2 ? `${part.slice(0, ANNOTATION_WIDTH - 2)}...` : part}`)
    }
  }
}

export const orNone = (text: string | undefined): string => (text === undefined || text === '' ? '<none>' : text)
