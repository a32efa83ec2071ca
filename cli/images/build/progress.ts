import type { BuildLine } from '../../../shared/model/image-api.ts'
import type { Terminal } from '../../program/terminal.ts'
import { sizeText } from '../text.ts'

/** Shows a build as it goes. What it ends in is told by others. */
export interface Progress extends Disposable {
  tell(line: BuildLine): void
  /** What the failed step printed last, where it has not been seen. */
  readonly lastWords: string
}

export type ProgressKind = 'tty' | 'plain' | 'quiet'

export function createProgress(kind: ProgressKind, terminal: Terminal): Progress {
  if (kind === 'tty') return new TtyProgress(terminal)
  return kind === 'plain' ? plainProgress(terminal) : quietProgress(terminal)
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)}s`
/** So many lines of a failed step are shown again. */
const LAST_LINES = 20

const lastOf = (text: string, count: number): readonly string[] => text.replace(/\r(?!\n)/g, '\n').split('\n').filter((line) => line.trim() !== '').slice(-count)

/** A few lines for a log: each begins with the number of its step. */
function plainProgress({ err }: Terminal): Progress {
  const begun = new Map<number, number>()
  const rests = new Map<number, string>()
  const pulled = new Set<string>()
  const line = (step: number, text: string): void => err(`#${step} ${((performance.now() - (begun.get(step) ?? 0)) / 1000).toFixed(3)} ${text}\n`)
  return {
    lastWords: '',
    tell(told) {
      if (told.kind === 'warning') err(`WARNING: ${told.message}\n`)
      if (told.kind === 'output') {
        const lines = `${rests.get(told.step) ?? ''}${told.text}`.split('\n')
        rests.set(told.step, lines.pop() ?? '')
        for (const text of lines) line(told.step, text)
      }
      if (told.kind === 'pull' && told.doneBytes >= told.totalBytes && !pulled.has(told.digest)) {
        pulled.add(told.digest)
        err(`#${told.step} ${told.digest.slice(0, 19)} pulled (${sizeText(told.totalBytes)})\n`)
      }
      if (told.kind !== 'step') return
      if (told.state === 'started') {
        begun.set(told.step, performance.now())
        return err(`#${told.step} ${told.name}\n`)
      }
      const rest = rests.get(told.step) ?? ''
      if (rest !== '') line(told.step, rest)
      err(`#${told.step} ${told.state === 'cached' ? 'CACHED' : told.state === 'done' ? `DONE ${seconds(told.tookMs)}` : 'ERROR'}\n\n`)
    },
    [Symbol.dispose]() {},
  }
}

/** Nothing, until something goes wrong. */
function quietProgress({ err }: Terminal): Progress {
  let output = ''
  return {
    get lastWords() {
      return lastOf(output, LAST_LINES).join('\n')
    },
    tell(told) {
      if (told.kind === 'warning') err(`WARNING: ${told.message}\n`)
      if (told.kind === 'step' && told.state === 'started') output = ''
      if (told.kind === 'output') output = (output + told.text).slice(-65_536)
    },
    [Symbol.dispose]() {},
  }
}

/** A screen that does not tell how wide it is has the usual width. */
const widthOf = ({ columns = 0 }: Terminal): number => (columns < 20 ? 80 : columns) - 1
const REDRAW_MS = 200
const LIVE_LINES = 6
const DIM = '\u001B[2m'
const PLAIN = '\u001B[0m'
const CYAN = '\u001B[36m'
const GREEN = '\u001B[32m'
const RED = '\u001B[31m'
/** Whatever a program writes, its line must not move the cursor. */
const UNPRINTABLE = /\u001B\[[0-9;?]*[A-Za-z]|[\u0000-\u0008\u000B-\u001F\u007F]/g

/** One line for each step that is over; below it the step at work, with the time that passes and the last that it printed. */
class TtyProgress implements Progress {
  readonly #terminal: Terminal
  readonly #timer: NodeJS.Timeout
  #step: { readonly name: string; readonly beginMs: number } | undefined
  #output = ''
  #pull = ''
  /** Lines below the last that stays. */
  #drawn = 0
  #failedOutput = ''

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS)
    this.#timer.unref()
  }

  get lastWords(): string {
    return lastOf(this.#failedOutput, LAST_LINES).join('\n')
  }

  tell(told: BuildLine): void {
    if (told.kind === 'warning') this.#keep(`${CYAN}WARNING: ${told.message}${PLAIN}`)
    if (told.kind === 'output') this.#output = (this.#output + told.text).slice(-65_536)
    if (told.kind === 'pull') this.#pull = `${told.digest.slice(7, 19)} ${sizeText(told.doneBytes)}/${sizeText(told.totalBytes)}`
    if (told.kind !== 'step') return
    if (told.state === 'started') {
      this.#step = { name: told.name, beginMs: performance.now() }
      this.#output = this.#pull = ''
      return this.#draw()
    }
    this.#step = undefined
    if (told.state === 'failed') this.#failedOutput = this.#output
    const colour = told.state === 'failed' ? RED : told.state === 'cached' ? CYAN : GREEN
    this.#keep(`${colour}${this.#titled(told.name, told.state === 'cached' ? 'CACHED' : told.state === 'failed' ? 'ERROR' : seconds(told.tookMs))}${PLAIN}`)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#clear()
  }

  #titled(name: string, end: string): string {
    const width = widthOf(this.#terminal)
    const room = width - end.length - 5
    return ` => ${name.length > room ? `${name.slice(0, room - 1)}…` : name.padEnd(room)} ${end}`
  }

  #keep(line: string): void {
    this.#clear()
    this.#terminal.err(`${line}\n`)
    this.#draw()
  }

  #clear(): void {
    if (this.#drawn > 0) this.#terminal.err(`\u001B[${this.#drawn}A\u001B[0J`)
    this.#drawn = 0
  }

  #draw(): void {
    const step = this.#step
    if (step === undefined) return
    const width = widthOf(this.#terminal)
    const below = this.#output === '' && this.#pull !== '' ? [this.#pull] : lastOf(this.#output, LIVE_LINES)
    const lines = [this.#titled(step.name, seconds(performance.now() - step.beginMs)), ...below.map((line) => `${DIM} => => ${line.replace(UNPRINTABLE, '').slice(0, width - 7)}${PLAIN}`)]
    this.#clear()
    this.#terminal.err(`${lines.join('\n')}\n`)
    this.#drawn = lines.length
  }
}
