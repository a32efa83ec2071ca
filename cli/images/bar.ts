import type { Terminal } from '../program/terminal.ts'
import { sizeText } from './text.ts'

const WIDTH = 24
/** A screen need not be told more often than eyes see; other readers get whole lines, and only a few. */
const MIN_STEP = 1 / 200

/** How far something long is: a bar that moves on a screen, a line at its end elsewhere. */
export interface Bar extends Disposable {
  at(doneBytes: number): void
}

export function createBar(terminal: Terminal, title: string, totalBytes: number): Bar {
  const columns = terminal.columns
  let shown = -1
  let isDrawn = false
  return {
    at(doneBytes) {
      const part = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes)
      if (columns === undefined || part - shown < MIN_STEP) return
      shown = part
      isDrawn = true
      terminal.err(`\r\u001B[2K${barText(title, part, { doneBytes, totalBytes }).slice(0, columns - 1)}`)
    },
    [Symbol.dispose]() {
      if (isDrawn) terminal.err('\r\u001B[2K')
    },
  }
}

/** `app.tar [=====>      ] 1.2MB/3.4MB`. Pure. */
export function barText(title: string, part: number, { doneBytes, totalBytes }: { readonly doneBytes: number; readonly totalBytes: number }): string {
  const filled = Math.floor(part * WIDTH)
  const line = filled === WIDTH ? '='.repeat(WIDTH) : `${'='.repeat(filled)}>${' '.repeat(WIDTH - filled - 1)}`
  return `${title} [${line}] ${sizeText(doneBytes)}/${sizeText(totalBytes)}`
}
