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

/** The plain bytes of a stream that may be compressed. Throws Fault('corrupt') where the compressed form is damaged. */
export async function* decompressed(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]()
  const first = await chunks.next()
  if (first.done === true) return
  const whole = rejoin(first.value, chunks)
  const kind = compressionOf(first.value)
  if (kind === 'none') yield* whole
  else yield* through(whole, kind === 'gzip' ? createGunzip() : createZstdDecompress())
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
