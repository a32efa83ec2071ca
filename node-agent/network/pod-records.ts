import { readFileSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../shared/kit/faults.ts'
import { namesIn } from '../host/files.ts'
import type { PodUsers } from '../host/pod-users.ts'
import { replaceFile } from '../host/replace-file.ts'
import type { HostPort } from './host-ports.ts'

/** What is kept of a pod's sandbox: written before anything is made, removed after all is gone. */
export interface PodRecord {
  readonly podUid: string
  readonly ip: string
  /** The node's end of the pair. */
  readonly hostLink: string
  readonly hostPorts: readonly HostPort[]
  /** A pod whose users are its own: the first of the node's ids that are theirs. */
  readonly hostFirst?: number | undefined
}

/** Records on disk with a copy in memory. One process at a time writes them. */
export class PodRecords {
  readonly #folder: string
  readonly #records = new Map<string, PodRecord>()

  constructor(folder: string) {
    this.#folder = folder
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    for (const name of await namesIn(this.#folder)) {
      // Begun by an agent that was killed.
      if (name.endsWith('.tmp')) await rm(join(this.#folder, name), { force: true })
      if (!name.endsWith('.json')) continue
      const record = readRecord(join(this.#folder, name))
      if (record !== undefined) this.#records.set(record.podUid, record)
    }
  }

  get(podUid: string): PodRecord | undefined {
    return this.#records.get(podUid)
  }

  all(): readonly PodRecord[] {
    return [...this.#records.values()]
  }

  addresses(): ReadonlySet<string> {
    return new Set(this.all().map(({ ip }) => ip))
  }

  /** First ids of the ranges that pods have as their own. */
  ranges(): ReadonlySet<number> {
    return new Set(this.all().flatMap(({ hostFirst }) => hostFirst ?? []))
  }

  /** Taken in memory at once, so that two calls never get one address; on disk when the promise resolves. */
  async put(record: PodRecord): Promise<void> {
    this.#records.set(record.podUid, record)
    await replaceFile(this.#file(record.podUid), JSON.stringify(record))
  }

  async remove(podUid: string): Promise<void> {
    await rm(this.#file(podUid), { force: true })
    this.#records.delete(podUid)
  }

  /** Where the namespace of a pod is pinned. */
  netnsPath(podUid: string): string {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,200}$/.test(podUid)) throw new Fault('invalid', `${JSON.stringify(podUid)} cannot be the uid of a pod`)
    return join(this.#folder, `${podUid}.netns`)
  }

  /** Where its user namespaces are, of a pod that has some. */
  users({ podUid, hostFirst }: PodRecord): PodUsers | undefined {
    if (hostFirst === undefined) return undefined
    const folder = this.netnsPath(podUid).replace(/\.netns$/, '')
    return { usersPath: `${folder}.users`, ownersPath: `${folder}.owners`, hostFirst }
  }

  #file(podUid: string): string {
    return join(this.#folder, `${podUid}.json`)
  }
}

/** A record that cannot be read is of no use: its namespace is found by name when the pod is attached again. */
function readRecord(path: string): PodRecord | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as PodRecord
  } catch {
    return undefined
  }
}
