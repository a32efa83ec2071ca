import { Fault } from '../../shared/kit/faults.ts'
import { ByteReader } from './byte-reader.ts'
import { BLOCK, entryOf, isZeroBlock, META, padding, type RawHeader, readHeader, readPaxRecords, type TarEntry } from './tar-header.ts'

export interface TarItem {
  readonly entry: TarEntry
  /** Where its content starts, counted from the start of the archive. */
  readonly offset: number
  /** Its content; what is not read is skipped. */
  body(): AsyncGenerator<Buffer>
}

/** No name or list of attributes is this long; a damaged size would otherwise fill the memory. */
const MAX_META_BYTES = 1 << 20

/** Reads a tar stream entry by entry, to the very last byte. Throws Fault('corrupt') where it is damaged. */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<TarItem> {
  const reader = new ByteReader(source)
  try {
    for (;;) {
      const next = await nextHeader(reader)
      if (next === undefined) break
      yield* readItem(reader, next)
    }
    await reader.drain()
  } finally {
    await reader.close()
  }
}

interface Described {
  readonly header: RawHeader
  readonly pax: ReadonlyMap<string, Buffer>
}

async function* readItem(reader: ByteReader, { header, pax }: Described): AsyncGenerator<TarItem> {
  const entry = entryOf(header, pax)
  let left = entry.sizeBytes
  async function* body(): AsyncGenerator<Buffer> {
    while (left > 0) {
      const part = await reader.some(left)
      if (part === undefined) throw new Fault('corrupt', `the archive ends in the middle of ${entry.name}`)
      left -= part.length
      yield part
    }
  }
  yield { entry, offset: reader.position, body }
  await reader.skip(left + padding(entry.sizeBytes))
}

/** The next real header with all that the meta entries before it said; undefined at the end. */
async function nextHeader(reader: ByteReader): Promise<Described | undefined> {
  const pax = new Map<string, Buffer>()
  for (;;) {
    const block = await reader.exactly(BLOCK)
    if (block === undefined || isZeroBlock(block)) return undefined
    const header = readHeader(block)
    switch (header.flag) {
      case META.paxNext:
        for (const [key, value] of readPaxRecords(await metaBody(reader, header))) pax.set(key, value)
        break
      case META.paxGlobal:
        // Comments in practice (git's commit id); never names of files.
        await metaBody(reader, header)
        break
      case META.gnuLongName:
        pax.set('path', withoutNul(await metaBody(reader, header)))
        break
      case META.gnuLongLink:
        pax.set('linkpath', withoutNul(await metaBody(reader, header)))
        break
      default:
        return { header, pax }
    }
  }
}

async function metaBody(reader: ByteReader, { size }: RawHeader): Promise<Buffer> {
  if (size > MAX_META_BYTES) throw new Fault('corrupt', 'a header of the archive is far too long')
  const body = (await reader.exactly(size + padding(size))) ?? Buffer.alloc(0)
  return Buffer.from(body.subarray(0, size))
}

function withoutNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}
