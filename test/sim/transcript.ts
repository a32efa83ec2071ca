import { createHash } from 'node:crypto'
import type { Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'

/** What happened, line by line, in virtual time; and what should not have. */
export class Transcript {
  readonly #clock: Clock
  readonly #lines: string[] = []
  readonly #violations: string[] = []
  readonly #digest = createHash('sha256')
  /** Told each line as it comes. */
  onLine: (line: string) => void = () => {}

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get lines(): readonly string[] {
    return this.#lines
  }

  /** Invariants that did not hold. */
  get violations(): readonly string[] {
    return this.#violations
  }

  say(line: string): void {
    const text = `${this.#at()}  ${line}`
    this.#lines.push(text)
    this.#digest.update(text)
    this.onLine(text)
  }

  /** An invariant does not hold. */
  violate(sentence: string): void {
    this.#violations.push(`${this.#at().trim()} ${sentence}`)
    this.say(`VIOLATION ${sentence}`)
  }

  /** Goes into the digest without a line of its own: every byte that was stored. */
  weigh(text: string): void {
    this.#digest.update(text)
  }

  /** Of everything said and weighed so far. */
  digest(): string {
    return this.#digest.copy().digest('hex')
  }

  /** The log of one part: warnings become lines, errors are mistakes of ours. */
  logOf(who: string): Log {
    return new TranscriptLog(this, who, {})
  }

  #at(): string {
    return (this.#clock.monotonicMs() / 1000).toFixed(4).padStart(10)
  }
}

class TranscriptLog implements Log {
  readonly #transcript: Transcript
  readonly #who: string
  readonly #fields: Readonly<Record<string, unknown>>

  constructor(transcript: Transcript, who: string, fields: Readonly<Record<string, unknown>>) {
    this.#transcript = transcript
    this.#who = who
    this.#fields = fields
  }

  debug(): void {}

  info(): void {}

  warn(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#transcript.say(`${this.#who} warns: ${message} ${this.#text(fields)}`)
  }

  error(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#transcript.violate(`${this.#who} made a mistake: ${message} ${this.#text(fields)}`)
  }

  child(fields: Readonly<Record<string, unknown>>): Log {
    return new TranscriptLog(this.#transcript, this.#who, { ...this.#fields, ...fields })
  }

  #text(fields: Readonly<Record<string, unknown>>): string {
    const all = Object.entries({ ...this.#fields, ...fields })
    return all.map(([key, value]) => `${key}=${value instanceof Error ? messageOf(value) : typeof value === 'string' ? value : JSON.stringify(value)}`).join(' ')
  }
}
