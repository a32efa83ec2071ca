import type { Clock } from '../../shared/kit/clock.ts'
import { jittered } from '../../shared/kit/backoff.ts'
import type { Random } from '../../shared/kit/random.ts'
import type { Dial, Link } from './links.ts'

export interface KeptLinkOptions<Out, In> {
  readonly dial: Dial<Out, In>
  /** Between two tries; a fifth more by chance. */
  readonly retryMs: (failures: number) => number
  /** A try that is not open after this long is given up. */
  readonly patienceMs: (failures: number) => number
  /**
   * Once something was sent and nothing came back for this long, another connection is tried beside this one: a broken way tells nobody. After three times as
   * long it is closed: where only the way back is broken, the other side would go on hearing one who does not hear it.
   */
  readonly silenceMs: () => number
  readonly onOpen: () => void
  readonly onMessage: (message: In) => void
  /** Why there is no connection (any more), for people. */
  readonly onClosed: (why: string) => void
  readonly clock: Clock
  readonly random: Random
}

/** One connection that is kept: dialled again whenever it is gone, and replaced when it has fallen silent. */
export class KeptLink<Out, In> {
  readonly #options: KeptLinkOptions<Out, In>
  #open: Link<Out> | undefined
  #dialling: Link<Out> | undefined
  #failures = 0
  #cancelDial = (): void => {}
  #cancelSilence = (): void => {}
  /** When the oldest message was sent that may still be answered. */
  #awaitedSinceMs: number | undefined
  #isEnded = false

  constructor(options: KeptLinkOptions<Out, In>) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#open !== undefined
  }

  /** Dials, unless it is open or being dialled. Also to try at once what waits for its next try. */
  dial(): void {
    if (this.#isEnded || this.#open || this.#dialling) return
    this.#try()
  }

  send(message: Out): void {
    if (!this.#open) return
    this.#open.send(message)
    if (this.#awaitedSinceMs !== undefined) return
    this.#awaitedSinceMs = this.#options.clock.monotonicMs()
    this.#watchSilence()
  }

  close(): void {
    this.#isEnded = true
    this.#cancelDial()
    this.#cancelSilence()
    this.#dialling?.close()
    this.#open?.close()
    this.#dialling = undefined
    this.#open = undefined
  }

  #watchSilence(): void {
    const { clock, silenceMs } = this.#options
    const ms = silenceMs()
    this.#cancelSilence()
    this.#cancelSilence = clock.after(ms, () => {
      this.#cancelSilence = clock.after(2 * ms, () => this.#giveUp())
      if (!this.#dialling) this.#try()
    })
  }

  #giveUp(): void {
    const link = this.#open
    if (!link) return
    link.close()
    this.#closed(link, 'it has fallen silent')
    this.dial()
  }

  #try(): void {
    const { clock, dial, patienceMs } = this.#options
    this.#cancelDial()
    const failures = this.#failures
    const link: Link<Out> = dial({
      onOpen: () => this.#opened(link),
      onMessage: (message) => this.#heard(link, message),
      onClose: (why) => this.#closed(link, why),
    })
    this.#dialling = link
    this.#cancelDial = clock.after(patienceMs(failures), () => {
      link.close()
      this.#closed(link, 'no answer')
    })
  }

  #opened(link: Link<Out>): void {
    if (this.#dialling !== link) return
    this.#cancelDial()
    this.#open?.close()
    this.#open = link
    this.#dialling = undefined
    this.#failures = 0
    this.#awaitedSinceMs = undefined
    this.#cancelSilence()
    this.#options.onOpen()
  }

  /** What a silent connection still brings counts as well. */
  #heard(link: Link<Out>, message: In): void {
    if (this.#open === link) {
      this.#awaitedSinceMs = undefined
      this.#cancelSilence()
    }
    this.#options.onMessage(message)
  }

  #closed(link: Link<Out>, why: string): void {
    if (this.#isEnded) return
    if (this.#dialling === link) {
      this.#dialling = undefined
      this.#failures++
    } else if (this.#open === link) {
      this.#open = undefined
      this.#awaitedSinceMs = undefined
      this.#cancelSilence()
    } else return
    if (!this.#open) this.#options.onClosed(why)
    this.#again()
  }

  #again(): void {
    const { clock, random, retryMs } = this.#options
    if (this.#dialling) return
    this.#cancelDial()
    this.#cancelDial = clock.after(jittered(retryMs(this.#failures), 0.2, random), () => {
      if (this.#open && this.#awaitedSinceMs === undefined) return
      this.#try()
    })
  }
}
