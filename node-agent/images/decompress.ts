import type { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { Fault } from '../../shared/kit/faults.ts'

type Compression = 'none' | 'gzip' | 'zstd'

/** Told by the first bytes, because media types and file names lie. */
export function compressionOf(start: Uint8Array): Compression {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip'
  if (start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd) return 'zstd'
  return 'none'
}

export interface Bounds {
  /** Up to here nobody asks how well it was compressed. */
  readonly freeBytes: number
  /** Beyond: so many bytes may come of one, on the whole. What people keep in images yields 2 to 20, and a file of zeros alone a thousand (gzip) or ten thousand (zstd). */
  readonly ratio: number
}

const BOUNDS: Bounds = { freeBytes: 2 ** 30, ratio: 200 }

/**
 * The plain bytes of a stream that may be compressed. Throws Fault('corrupt') where the compressed form is damaged, and Fault('invalid') for one that is made to fill disks: it swells beyond the bounds.
 */
export async function* decompressed(source: AsyncIterable<Buffer>, bounds = BOUNDS): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]()
  let start: Buffer = Buffer.alloc(0)
  // A stream may come in pieces that are shorter than what its kind is told by.
  for (let next = await chunks.next(); ; next = await chunks.next()) {
    if (next.done === true) return yield* start.length === 0 ? [] : [start]
    start = start.length === 0 ? next.value : Buffer.concat([start, next.value])
    if (start.length >= LONGEST_MARK) break
  }
  const kind = compressionOf(start)
  if (kind === 'none') yield* rejoin(start, chunks)
  else {
    let packed = 0
    const whole = counted(rejoin(start, chunks), (count) => (packed += count))
    yield* bounded(through(whole, kind === 'gzip' ? createGunzip({ chunkSize: CHUNK_BYTES }) : createZstdDecompress({ chunkSize: CHUNK_BYTES })), () => Math.max(bounds.freeBytes, packed * bounds.ratio))
  }
}

const LONGEST_MARK = 4
/** Each piece is a turn of a thread and of everything that looks at it on its way: Node's own 16 KiB cost as much for that as for the rest. */
const CHUNK_BYTES = 256 << 10

async function* counted(source: AsyncIterable<Buffer>, tell: (count: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    tell(chunk.length)
    yield chunk
  }
}

async function* bounded(source: AsyncIterable<Buffer>, mostBytes: () => number): AsyncGenerator<Buffer> {
  let total = 0
  for await (const chunk of source) {
    total += chunk.length
    if (total > mostBytes()) throw new Fault('invalid', `the compressed data swells to more than ${mostBytes()} bytes: it is made to fill disks`)
    yield chunk
  }
}

async function* rejoin(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield first
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value
  } finally {
    await rest.return?.(undefined)
  }
}

async function* through(source: AsyncIterable<Buffer>, transform: Transform): AsyncGenerator<Buffer> {
  const output: Readable = pipeline(source, transform, () => {})
  try {
    for await (const chunk of output) yield chunk as Buffer
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('corrupt', `the compressed data is damaged: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}
