import { Fault } from '../../shared/kit/faults.ts'
import { BLOCK, padding } from '../../shared/kit/tar-pax-writer.ts'
import { ByteReader } from './byte-reader.ts'
import { entryOf, GNU_SPARSE, isZeroBlock, META, type RawHeader, readHeader, readPaxRecords, sparseParts, type TarEntry } from './tar-header.ts'
import { checkedMap, listInContent, paxSparse, type SparseMap } from './tar-sparse.ts'

export interface TarItem {
  readonly entry: TarEntry
  /** Where its content starts, counted from the start of the archive. */
  readonly offset: number
  /** Its content in the archive is shorter than it. */
  readonly isSparse: boolean
  /** Its content, holes as zeros; what is not read is skipped. */
  body(): AsyncGenerator<Buffer>
  /** Its content without its holes: the same to be read, once, in another way. */
  pieces(): AsyncGenerator<Piece>
}

/** Bytes and where in the file they are. */
export interface Piece {
  readonly at: number
  readonly bytes: Buffer
}

/** All names and attributes of one file are not this long; a damaged size would otherwise fill the memory. */
const MAX_META_BYTES = 1 << 20
/** No layer has so many files; so many would fill a disk without taking any bytes. */
const MAX_ENTRIES = 4_000_000

/** Reads a tar stream entry by entry, to the very last byte. Throws Fault('corrupt') where it is damaged. */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<TarItem> {
  const reader = new ByteReader(source)
  try {
    for (let count = 0; ; count++) {
      const next = await nextHeader(reader)
      if (next === undefined) break
      if (count >= MAX_ENTRIES) throw new Fault('invalid', `the archive holds more than ${MAX_ENTRIES} files`)
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
  const described = entryOf(header, pax)
  let left = described.sizeBytes
  const cut = (): Fault => new Fault('corrupt', `the archive ends in the middle of ${described.name}`)
  const some = async (most: number): Promise<Buffer> => {
    const part = await reader.some(Math.min(left, most))
    if (part === undefined) throw cut()
    left -= part.length
    return part
  }
  const block = async (): Promise<Buffer> => {
    const bytes = left < BLOCK ? undefined : await reader.exactly(BLOCK)
    if (bytes === undefined) throw cut()
    left -= BLOCK
    return bytes
  }
  const map = await mapOf(reader, { header, pax, block, leftBytes: () => left, name: described.name })
  const entry = { ...described, sizeBytes: map?.sizeBytes ?? described.sizeBytes }
  async function* pieces(): AsyncGenerator<Piece> {
    for (const { offset, length } of map?.parts ?? [{ offset: 0, length: left }]) {
      for (let at = offset; at < offset + length; ) {
        const bytes = await some(offset + length - at)
        yield { at, bytes }
        at += bytes.length
      }
    }
  }
  yield { entry, isSparse: map !== undefined, offset: reader.position, pieces, body: () => withZeros(pieces(), entry.sizeBytes) }
  await reader.skip(left + padding(described.sizeBytes))
}

interface MapSource extends Described {
  readonly block: () => Promise<Buffer>
  readonly leftBytes: () => number
  readonly name: string
}

/** Where a sparse file's content belongs; undefined for a plain file. */
async function mapOf(reader: ByteReader, { header, pax, block, leftBytes, name }: MapSource): Promise<SparseMap | undefined> {
  if (header.sparse !== undefined) {
    const parts = [...header.sparse.parts]
    for (let hasMore = header.sparse.hasMore; hasMore; ) {
      const more = await reader.exactly(BLOCK)
      if (more === undefined) throw new Fault('corrupt', `the archive ends in the middle of ${name}`)
      parts.push(...sparseParts(more, GNU_SPARSE.inBlock))
      hasMore = more[GNU_SPARSE.moreInBlock] !== 0
      if (parts.length > MAX_ENTRIES) throw new Fault('corrupt', `${name} has too many holes`)
    }
    return checkedMap({ sizeBytes: header.sparse.sizeBytes, parts }, leftBytes(), name)
  }
  const said = paxSparse(pax, name)
  if (said === undefined) return undefined
  const parts = said.parts === 'in content' ? await listInContent(block, name) : said.parts
  return checkedMap({ sizeBytes: said.sizeBytes, parts }, leftBytes(), name)
}

const ZEROS = Buffer.alloc(1 << 16)

async function* withZeros(pieces: AsyncIterable<Piece>, sizeBytes: number): AsyncGenerator<Buffer> {
  let end = 0
  for await (const { at, bytes } of pieces) {
    yield* zeros(at - end)
    yield bytes
    end = at + bytes.length
  }
  yield* zeros(sizeBytes - end)
}

function* zeros(count: number): Generator<Buffer> {
  for (let left = count; left > 0; left -= ZEROS.length) yield left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS
}

/** The next real header with all that the meta entries before it said; undefined at the end. */
async function nextHeader(reader: ByteReader): Promise<Described | undefined> {
  const pax = new Map<string, Buffer>()
  let metaBytes = 0
  for (;;) {
    const block = await reader.exactly(BLOCK)
    if (block === undefined || isZeroBlock(block)) return undefined
    const header = readHeader(block)
    if (isMeta(header.flag) && (metaBytes += header.size + BLOCK) > MAX_META_BYTES) throw new Fault('corrupt', 'a header of the archive is far too long')
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

const isMeta = (flag: string): boolean => Object.values(META).some((one) => one === flag)

async function metaBody(reader: ByteReader, { size }: RawHeader): Promise<Buffer> {
  const body = size === 0 ? Buffer.alloc(0) : await reader.exactly(size + padding(size))
  if (body === undefined) throw new Fault('corrupt', 'the archive ends in the middle of a header')
  return Buffer.from(body.subarray(0, size))
}

function withoutNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0)
  return end < 0 ? bytes : bytes.subarray(0, end)
}
