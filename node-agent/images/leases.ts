import { mkdir, readFile, rename, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Clock, sleep } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { isJsonObject } from '../../shared/model/json.ts'
import { unlessMissing } from '../host/errno.ts'
import { identify } from '../host/proc.ts'
import { exists, namesIn, removeTree, writeFileAtomic } from '../host/files.ts'
import { replaceFile } from '../host/replace-file.ts'
import { digestOf, hexOf } from './digest.ts'
import { isOwned, openStaging } from './staging.ts'

/**
 * What somebody is about to use, written down before it is looked for, so that nobody takes it away meanwhile. A lease has no end in time: it holds as long as the
 * file or folder is there that is its holder (the folder of a container's snapshot, the staging folder of an import), whichever process made it.
 */
export interface Lease {
  readonly holder: string
  /** `container`: what a container stands on; `work`: an import, a pull, a build. */
  readonly kind: 'container' | 'work'
  /** Folder names in `layers/`, lowest first. */
  readonly layers: readonly string[]
  /** Hex digits. */
  readonly blobs: readonly string[]
  /** Names of cache mounts of builds. */
  readonly mounts?: readonly string[]
}

/** How long a sweep is waited for: it only renames. */
const LONGEST_SWEEP_MS = 60_000
const LOOK_AGAIN_MS = 5

/**
 * Leases of a store that several processes share without locks. Who takes one writes it, then waits for sweeps under way, then looks whether things are there; who sweeps says so, then reads the
 * leases. So either the sweep sees the lease, or the taker sees the sweep. Both are known by files whose owner is checked: a dead one's count for nothing.
 */
export class Leases {
  readonly #folder: string
  readonly #sweeps: string
  readonly #clock: Clock

  constructor(root: string, clock: Clock) {
    this.#folder = join(root, 'leases')
    this.#sweeps = join(root, 'sweeps')
    this.#clock = clock
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    await mkdir(this.#sweeps, { recursive: true })
    for (const name of await namesIn(this.#folder)) if (await isAbandoned(name)) await unlessMissing(unlink(join(this.#folder, name)))
  }

  /** A second lease of one holder takes the place of the first. `staging`: a folder of the writer's own. */
  async take(lease: Lease, staging: string): Promise<void> {
    const path = this.#pathOf(lease.holder)
    const made = join(staging, `lease-${basename(path)}`)
    await writeFileAtomic(made, JSON.stringify(lease))
    await rename(made, path)
    await this.#sweepsEnd()
  }

  /** The same for a holder that a power cut ends: nothing waits for the disk. */
  async takeBriefly(lease: Lease): Promise<void> {
    await replaceFile(this.#pathOf(lease.holder), JSON.stringify(lease))
    await this.#sweepsEnd()
  }

  #pathOf(holder: string): string {
    return join(this.#folder, `${hexOf(digestOf(holder))}.json`)
  }

  async release(holder: string): Promise<void> {
    await unlessMissing(unlink(this.#pathOf(holder)))
  }

  /** Those that hold. */
  async list(): Promise<readonly Lease[]> {
    const all = await Promise.all((await namesIn(this.#folder)).filter((name) => name.endsWith('.json')).map((name) => this.#read(name)))
    return all.filter((lease) => lease !== undefined)
  }

  /** While it runs no lease begins; `sweep` must be short. */
  async whileNobodyTakes<T>(sweep: () => Promise<T>): Promise<T> {
    await using mark = await openStaging(this.#sweeps)
    void mark
    return await sweep()
  }

  async #read(name: string): Promise<Lease | undefined> {
    const path = join(this.#folder, name)
    const text = await unlessMissing(readFile(path, 'utf8'))
    if (text === undefined) return undefined
    const lease = parseLease(text)
    if (lease !== undefined && (await exists(lease.holder))) return lease
    await unlessMissing(unlink(path))
    return undefined
  }

  async #sweepsEnd(): Promise<void> {
    const endMs = this.#clock.monotonicMs() + LONGEST_SWEEP_MS
    for (const name of await namesIn(this.#sweeps)) {
      const path = join(this.#sweeps, name)
      while (await exists(path)) {
        if (!(await isOwned(name))) await removeTree(path)
        else if (this.#clock.monotonicMs() > endMs) throw new Fault('timeout', `the image store is being swept for more than ${LONGEST_SWEEP_MS / 1000} s (${path})`)
        else await sleep(this.#clock, LOOK_AGAIN_MS)
      }
    }
  }
}

/** Only a power cut leaves one that is not whole, and nothing that held anything outlives that. */
function parseLease(text: string): Lease | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return isJsonObject(parsed) && typeof parsed['holder'] === 'string' ? (parsed as unknown as Lease) : undefined
  } catch {
    return undefined
  }
}

/** Begun by a process that is no more, before it had its name. */
async function isAbandoned(name: string): Promise<boolean> {
  const pid = /\.(\d+)-\d+\.tmp$/.exec(name)?.[1]
  return pid !== undefined && (await identify(Number(pid))) === undefined
}
