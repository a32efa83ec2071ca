import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, rename, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../shared/kit/faults.ts'
import { faultOfSystemError, unlessMissing } from '../host/errno.ts'
import { namesIn } from '../host/files.ts'
import { compressionOf } from './decompress.ts'
import { type Digest, digestOf, hexOf } from './digest.ts'

/** What was learned of some bytes while they passed into the store. */
export interface KeptBlob {
  readonly digest: Digest
  readonly sizeBytes: number
  readonly compression: 'none' | 'gzip' | 'zstd'
}

/**
 * The bytes of manifests, configs and layers as they were brought, each under its digest: `ROOT/blobs/HEX`. They appear by rename when they are complete.
 * They are what is exported, pushed and given to other nodes, and what the unpacked layers are checked against and made anew from.
 */
export class Blobs {
  readonly #folder: string

  constructor(root: string) {
    this.#folder = join(root, 'blobs')
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
  }

  /** Undefined where it is not there. */
  async sizeBytes(digest: Digest): Promise<number | undefined> {
    return (await unlessMissing(stat(this.path(digest))))?.size
  }

  /** Throws Fault('not-found'). The bytes are not checked: `verified` does that. */
  async *stream(digest: Digest, start = 0): AsyncGenerator<Buffer> {
    try {
      yield* createReadStream(this.path(digest), { start, highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>
    } catch (error) {
      throw faultOfSystemError(error, `cannot read ${digest} of the image store`)
    }
  }

  async read(digest: Digest): Promise<Buffer> {
    const parts: Buffer[] = []
    for await (const part of this.stream(digest)) parts.push(part)
    return Buffer.concat(parts)
  }

  /** Hex digits of all there are. */
  async list(): Promise<readonly string[]> {
    return (await namesIn(this.#folder)).filter((name) => /^[a-f0-9]{64}$/.test(name))
  }

  path(digest: Digest): string {
    return join(this.#folder, hexOf(digest))
  }

  /** @param staging a folder of the writer's own. */
  async put(bytes: Uint8Array, staging: string): Promise<Digest> {
    const digest = digestOf(bytes)
    if ((await this.sizeBytes(digest)) === bytes.length) return digest
    const made = join(staging, `blob-${hexOf(digest)}`)
    const file = await open(made, 'w', 0o644)
    try {
      await file.writeFile(bytes)
      await file.datasync()
    } finally {
      await file.close()
    }
    await rename(made, this.path(digest))
    return digest
  }

  /** A blob in the making: what passes through is written too; it is there after `keep`. */
  begin(name: string, staging: string): BlobWriter {
    return new BlobWriter(join(staging, `blob-${name}`), (digest) => this.path(digest))
  }
}

export class BlobWriter {
  readonly #staged: string
  readonly #pathOf: (digest: Digest) => string
  #kept: KeptBlob | undefined

  constructor(staged: string, pathOf: (digest: Digest) => string) {
    this.#staged = staged
    this.#pathOf = pathOf
  }

  /** Passes the bytes on. */
  async *tee(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    const hash = createHash('sha256')
    let sizeBytes = 0
    let start = Buffer.alloc(0)
    const file = await open(this.#staged, 'w', 0o644)
    try {
      for await (const chunk of source) {
        hash.update(chunk)
        if (start.length < 4) start = Buffer.concat([start, chunk.subarray(0, 4)])
        sizeBytes += chunk.length
        await file.writeFile(chunk)
        yield chunk
      }
    } finally {
      await file.close()
    }
    this.#kept = { digest: `sha256:${hash.digest('hex')}` as Digest, sizeBytes, compression: compressionOf(start) }
  }

  /** What passed; only to be asked after all of it has. */
  get passed(): KeptBlob {
    if (this.#kept === undefined) throw new Fault('corrupt', 'the layer was not read to its end')
    return this.#kept
  }

  /** To be called after a flush: from then on it is there. */
  async keep(): Promise<void> {
    await rename(this.#staged, this.#pathOf(this.passed.digest))
  }
}
