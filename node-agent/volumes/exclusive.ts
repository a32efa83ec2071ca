import { mkdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf, unlessMissing } from '../host/errno.ts'
import { namesIn } from '../host/files.ts'

/** Which pod has a volume that is for one pod alone (ReadWriteOncePod), a file each: it stays the pod's while the agent is away. */
export class Exclusive {
  readonly #folder: string
  /** One at a time: of two that find it forgotten one gets it. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Whether it is the pod's now. `isThere`: whether a pod still has anything on this node; what was forgotten is taken over. */
  take(volume: string, podUid: string, isThere: (podUid: string) => Promise<boolean>): Promise<boolean> {
    return this.#inTurn(() => this.#take(volume, podUid, isThere))
  }

  async #take(volume: string, podUid: string, isThere: (podUid: string) => Promise<boolean>): Promise<boolean> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const file = join(this.#folder, volume)
    try {
      await writeFile(file, podUid, { flag: 'wx', mode: 0o600 })
      return true
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') throw error
    }
    const holder = await unlessMissing(readFile(file, 'utf8'))
    if (holder === podUid) return true
    if (holder !== undefined && holder !== '' && (await isThere(holder))) return false
    await writeFile(file, podUid, { mode: 0o600 })
    return true
  }

  /** The pod is gone. */
  release(podUid: string): Promise<void> {
    return this.#inTurn(async () => {
      const volumes = await namesIn(this.#folder)
      let left = volumes.length
      for (const volume of volumes) {
        const file = join(this.#folder, volume)
        if ((await unlessMissing(readFile(file, 'utf8'))) !== podUid) continue
        await rm(file, { force: true })
        left--
      }
      if (left === 0 && volumes.length > 0) await rmdir(this.#folder)
    })
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work)
    this.#last = turn.catch(() => {})
    return turn
  }
}
