/** Shows what is being done while it is done: one line that moves on a screen, whole lines elsewhere. */
import type { Terminal } from '../program/terminal.ts'
import { seconds } from './names.ts'

export interface Progress extends Disposable {
  /** Says what is being waited for. */
  step(title: string): void
  /** A stage is over. */
  done(stage: string, tookMs: number): void
  /** Takes the moving line away. */
  end(): void
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const
const FRAME_MS = 80

export function createProgress(terminal: Terminal): Progress {
  const moving = terminal.columns !== undefined
  let title = ''
  let frame = 0
  let timer: NodeJS.Timeout | undefined
  const clear = (): void => {
    if (moving && title !== '') terminal.err('\r\u001B[2K')
  }
  const draw = (): void => {
    if (title === '') return
    const line = `${FRAMES[frame++ % FRAMES.length] ?? ''} ${title}`
    terminal.err(`\r\u001B[2K${line.slice(0, (terminal.columns ?? 80) - 1)}`)
  }
  const end = (): void => {
    clearInterval(timer)
    timer = undefined
    clear()
    title = ''
  }
  return {
    step(next) {
      title = next
      if (!moving) return
      timer ??= setInterval(draw, FRAME_MS)
      draw()
    },
    done(stage, tookMs) {
      clear()
      terminal.err(`${moving ? '\u001B[32m✓\u001B[0m' : '✓'} ${stage.padEnd(36)} ${seconds(tookMs).padStart(8)}\n`)
      if (moving) draw()
    },
    end,
    [Symbol.dispose]: end,
  }
}
