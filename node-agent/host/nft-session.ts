import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { launch, type Launched } from './processes.ts'

/** How long it waits for the next change before it ends: it holds about two megabytes. */
const IDLE_MS = 10_000
/** The kernel answers in a millisecond; after this something is wrong with the program. */
const ANSWER_MS = 5000
/** It remembers every line it ever read. */
const MAX_COMMANDS = 500
const SIGKILL = 9
const COMPLAINT = 'Error: '

/**
 * An `nft -i` that stays between changes. A program per change would wait at its end until the kernel has cleaned up after it, 15 to 20 ms where
 * anything was deleted; this one is done with a change in less than one.
 *
 * It says nothing where all is well. So each line is followed by one that is no command: its complaint about that says that the line is done.
 */
export class NftSession {
  readonly #clock: Clock
  #process: Launched | undefined
  #output = ''
  #wake: (() => void) | undefined
  #commands = 0
  #stopIdle: (() => void) | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** One transaction, all on one line. Throws Fault('invalid') with nft's words, 'unavailable' where the session does not answer. */
  run(line: string): Promise<void> {
    const run = this.#last.then(() => this.#run(line))
    this.#last = run.catch(() => {})
    return run
  }

  stop(): void {
    this.#stopIdle?.()
    this.#process?.kill(SIGKILL)
    this.#process = undefined
  }

  async #run(line: string): Promise<void> {
    this.#stopIdle?.()
    if (++this.#commands % MAX_COMMANDS === 0) this.stop()
    const process = (this.#process ??= await this.#start())
    const marker = `gantry-done-${this.#commands}`
    this.#output = ''
    process.stdin?.write(`${line}\n${marker}\n`)
    const complaint = await this.#answer(process, marker)
    this.#stopIdle = this.#clock.after(IDLE_MS, () => this.stop())
    if (complaint !== '') throw new Fault('invalid', `nft refused the rules: ${complaint.slice(0, 2000)}`)
  }

  async #start(): Promise<Launched> {
    // Its history of commands would be written to a home.
    const started = await launch('nft', ['-i'], { stdin: 'pipe', stderr: 'pipe', env: { PATH: process.env['PATH'] ?? '/usr/sbin:/sbin', HOME: '/nonexistent' } })
    started.stdin?.on('error', () => {})
    started.stderr?.on('data', (bytes: Buffer) => {
      this.#output += bytes.toString()
      this.#wake?.()
    })
    void started.exited.then(() => {
      if (this.#process === started) this.#process = undefined
      this.#wake?.()
    })
    started.unref()
    return started
  }

  /** What it complained about before the marker; empty where all went well. */
  async #answer(process: Launched, marker: string): Promise<string> {
    let late = false
    const cancel = this.#clock.after(ANSWER_MS, () => {
      late = true
      this.#wake?.()
    })
    try {
      while (!this.#output.includes(marker)) {
        if (late || this.#process !== process) throw this.#gone()
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    } finally {
      cancel()
    }
    const before = this.#output.slice(0, this.#output.indexOf(marker))
    // The last complaint is the one about the marker itself; what stands before the first is the rest of the former one.
    const first = before.indexOf(COMPLAINT)
    return before.slice(first, Math.max(first, before.lastIndexOf(COMPLAINT))).trim()
  }

  #gone(): Fault {
    this.stop()
    return new Fault('unavailable', 'nft -i does not answer')
  }
}
