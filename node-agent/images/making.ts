import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Clock, sleep } from '../../shared/kit/clock.ts'
import { errnoOf, unlessMissing } from '../host/errno.ts'
import { isOwned, ownerMark } from './staging.ts'

/** How soon to look whether another process has finished. */
const LOOK_AGAIN_MS = 100
/** Nothing is waited for any longer: what is made twice is only made in vain. */
const LONGEST_MS = 600_000

/**
 * What is in the making in a store: who wants what somebody makes already waits, and finds it there then. Within a process this is exact; between processes
 * (`ROOT/making/`, a file with its maker's mark) it is an economy: a maker that dies is passed over, and two that meet make the same thing twice.
 */
export class Making {
  readonly #folder: string
  readonly #clock: Clock
  readonly #own = new Map<string, Promise<void>>()

  constructor(root: string, clock: Clock) {
    this.#folder = join(root, 'making')
    this.#clock = clock
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
  }

  /** @param staging a folder of the caller's own. */
  async alone<T>(name: string, staging: string, work: () => Promise<T>): Promise<T> {
    for (let other = this.#own.get(name); other !== undefined; other = this.#own.get(name)) await other
    let done = (): void => {}
    this.#own.set(name, new Promise((resolve) => (done = resolve)))
    const file = join(this.#folder, name)
    let isTaken = false
    try {
      isTaken = await this.#take(file, staging)
      return await work()
    } finally {
      if (isTaken) await unlessMissing(unlink(file))
      this.#own.delete(name)
      done()
    }
  }

  /** Answers whether the mark there is this process's. */
  async #take(file: string, staging: string): Promise<boolean> {
    const mark = join(staging, `making-${basename(file)}`)
    await writeFile(mark, await ownerMark())
    const endMs = this.#clock.monotonicMs() + LONGEST_MS
    let isTaken = await linked(mark, file)
    for (; !isTaken && this.#clock.monotonicMs() < endMs; isTaken = await linked(mark, file)) {
      const maker = await unlessMissing(readFile(file, 'utf8'))
      if (maker === undefined) continue
      if (await isOwned(maker)) await sleep(this.#clock, LOOK_AGAIN_MS)
      else await unlessMissing(unlink(file))
    }
    await unlink(mark)
    return isTaken
  }
}

/** The mark appears with its content, or not at all. */
async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw error
  }
}
