import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isFault } from '../../shared/kit/faults.ts'
import { decompressed } from './decompress.ts'
import type { TarEntry } from './tar-header.ts'
import { readTar } from './tar-reader.ts'
import { type TarInput, writeTar } from './tar-writer.ts'

/** The reader meets bytes that anybody may have made. */

async function* inChunks(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1
    yield bytes.subarray(at, at + size)
    at += size
  }
}

async function read(bytes: Buffer, sizes: readonly number[] = [1 << 16]): Promise<ReadonlyArray<{ readonly entry: TarEntry; readonly content: Buffer }>> {
  const found = []
  for await (const { entry, body } of readTar(inChunks(bytes, sizes))) {
    const parts: Buffer[] = []
    for await (const part of body()) parts.push(part)
    found.push({ entry, content: Buffer.concat(parts) })
  }
  return found
}

const name = fc.stringMatching(/^[a-z][a-z0-9./_-]{0,60}[a-z0-9]$/)
const file = fc.record({ name, mode: fc.integer({ min: 0, max: 0o7777 }), uid: fc.integer({ min: 0, max: 100_000 }), gid: fc.integer({ min: 0, max: 100_000 }), content: fc.uint8Array({ maxLength: 2000 }) })
const files = fc.array(file, { maxLength: 6 })
const sizes = fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 4 })

test('what was written is read, however it is cut into chunks', async () => {
  await fc.assert(
    fc.asyncProperty(files, sizes, async (entries, cuts) => {
      const found = await read(writeTar(entries), cuts)
      expect(found.map(({ entry, content }) => ({ name: entry.name, mode: entry.mode, uid: entry.uid, gid: entry.gid, content: new Uint8Array(content) }))).toEqual(entries)
    }),
    { numRuns: 100 },
  )
})

/** Ends in a fault or in entries; never in a mistake of our own, and never without end. */
async function endsWell(bytes: Buffer): Promise<void> {
  try {
    for (const { entry, content } of await read(bytes)) {
      expect(content.length).toBe(entry.sizeBytes)
      for (const value of [entry.uid, entry.gid, entry.sizeBytes]) expect(Number.isSafeInteger(value) && value >= 0).toBe(true)
      expect(Number.isFinite(entry.modifiedMs)).toBe(true)
    }
  } catch (error) {
    if (!isFault(error)) throw error
    expect(['corrupt', 'invalid', 'unsupported']).toContain(error.code)
  }
}

/** With a checksum that is right, so that what is behind it is reached. */
function signed(block: Buffer): Buffer {
  const made = Buffer.from(block)
  made.fill(32, 148, 156)
  made.write(`${made.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0')}\0 `, 148)
  return made
}

describe('bytes that somebody spoilt end in a fault or in entries', () => {
  const change = fc.record({ at: fc.nat(511), value: fc.integer({ min: 0, max: 255 }) })

  test('a header with changed bytes and a right checksum', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 20 }), fc.constantFrom('0', '1', '2', '5', 'S', 'x', 'g', 'L', 'K', '7'), async (changes, flag) => {
        const archive = writeTar([{ name: 'f', content: 'x'.repeat(700) }, { name: 'g', content: 'y' }])
        const block = Buffer.from(archive.subarray(0, 512))
        for (const { at, value } of changes) block[at] = value
        block.write(flag, 156)
        await endsWell(Buffer.concat([signed(block), archive.subarray(512)]))
      }),
      { numRuns: 400 },
    )
  })

  test('pax records of any keys and values', async () => {
    const key = fc.constantFrom('path', 'linkpath', 'size', 'uid', 'gid', 'mtime', 'SCHILY.xattr.user.a', 'GNU.sparse.major', 'GNU.sparse.minor', 'GNU.sparse.map', 'GNU.sparse.size', 'GNU.sparse.realsize', 'GNU.sparse.name', 'GNU.sparse.offset', 'GNU.sparse.numbytes')
    const value = fc.oneof(fc.string(), fc.integer().map(String), fc.double().map(String), fc.constantFrom('1', '0', '0,5', '0,2,3,4', 'NaN', '-1', '1e99', ''))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(key, value), { maxLength: 8 }), fc.string(), async (records, content) => endsWell(withPax(records, content))),
      { numRuns: 400 },
    )
  })

  test('an archive that is cut anywhere', async () => {
    const archive = withPax([['path', 'p'.repeat(300)]], 'content')
    for (let length = 0; length < archive.length; length += 37) await endsWell(archive.subarray(0, length))
  })
})

function withPax(records: ReadonlyArray<readonly [string, string]>, content: string): Buffer {
  const body = records.map(([key, value]) => paxRecord(key, value)).join('')
  const [meta, real] = [writeTar([{ name: 'PaxHeaders/f', content: body }]), writeTar([{ name: 'f', content }])]
  const head = Buffer.from(meta.subarray(0, 512))
  head.write('x', 156)
  return Buffer.concat([signed(head), meta.subarray(512, -1024), real])
}

function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`)
  let length = rest
  while (rest + String(length).length !== length) length = rest + String(length).length
  return `${length} ${key}=${value}\n`
}

describe('sparse files', () => {
  test.each([
    ['0.0', [['GNU.sparse.size', '20'], ['GNU.sparse.numblocks', '2'], ['GNU.sparse.offset', '2'], ['GNU.sparse.numbytes', '3'], ['GNU.sparse.offset', '10'], ['GNU.sparse.numbytes', '2']], 'abcde'],
    ['0.1', [['GNU.sparse.size', '20'], ['GNU.sparse.map', '2,3,10,2']], 'abcde'],
    ['1.0', [['GNU.sparse.major', '1'], ['GNU.sparse.minor', '0'], ['GNU.sparse.realsize', '20'], ['GNU.sparse.name', 'f']], `${'2\n2\n3\n10\n2\n'.padEnd(512, '\0')}abcde`],
  ] as const)('of form %s are filled with zeros', async (_, records, content) => {
    const [found] = await read(withPax(records, content))
    expect(found).toMatchObject({ entry: { name: 'f', sizeBytes: 20 } })
    expect(found?.content.toString('latin1')).toBe('\0\0abc\0\0\0\0\0de'.padEnd(20, '\0'))
  })

  test.each<readonly [string, ReadonlyArray<readonly [string, string]>]>([
    ['parts that overlap', [['GNU.sparse.size', '20'], ['GNU.sparse.map', '2,3,4,2']]],
    ['parts beyond the end', [['GNU.sparse.size', '6'], ['GNU.sparse.map', '2,5']]],
    ['more than there is', [['GNU.sparse.size', '200'], ['GNU.sparse.map', '2,50']]],
    ['half a pair', [['GNU.sparse.size', '20'], ['GNU.sparse.map', '2,3,4']]],
  ])('with %s are refused', async (_, records) => {
    await expect(read(withPax(records, 'abcde'))).rejects.toMatchObject({ code: 'corrupt' })
  })

  test('of a size that nobody could read are refused', async () => {
    await expect(read(withPax([['GNU.sparse.size', String(2 ** 45)], ['GNU.sparse.map', '0,5']], 'abcde'))).rejects.toMatchObject({ code: 'invalid' })
  })
})

describe('compressed data', () => {
  const plain = async (bytes: Buffer, cuts: readonly number[], bounds?: Parameters<typeof decompressed>[1]): Promise<Buffer> => {
    const parts: Buffer[] = []
    for await (const part of decompressed(inChunks(bytes, cuts), bounds)) parts.push(part)
    return Buffer.concat(parts)
  }
  const pack = { plain: (bytes: Buffer) => bytes, gzip: (bytes: Buffer) => gzipSync(bytes), zstd: (bytes: Buffer) => zstdCompressSync(bytes) }

  test.each(Object.entries(pack))('%s is told by its first bytes, however they come', async (_, compress) => {
    const bytes = Buffer.from('some content that is long enough'.repeat(20))
    for (const size of [1, 2, 3, 5, 10_000]) expect(await plain(compress(bytes), [size])).toEqual(bytes)
    expect(await plain(Buffer.from('abc'), [1])).toEqual(Buffer.from('abc'))
    expect(await plain(Buffer.alloc(0), [1])).toEqual(Buffer.alloc(0))
  })

  test.each(Object.entries(pack).slice(1))('%s of several parts one after the other is all of them', async (_, compress) => {
    expect((await plain(Buffer.concat([compress(Buffer.from('one ')), compress(Buffer.from('two'))]), [7])).toString()).toBe('one two')
  })

  test.each(Object.entries(pack).slice(1))('%s that swells beyond all measure is refused', async (_, compress) => {
    const bomb = compress(Buffer.alloc(4 << 20))
    await expect(plain(bomb, [10_000], { freeBytes: 1 << 20, ratio: 200 })).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining('made to fill disks') as string })
    expect(await plain(bomb, [10_000], { freeBytes: 8 << 20, ratio: 200 })).toHaveLength(4 << 20)
  })
})

test('entries of the writer keep their kinds', async () => {
  const entries: readonly TarInput[] = [{ name: 'd/', kind: 'folder' }, { name: 'l', kind: 'symlink', link: 'd' }, { name: 'h', kind: 'hardlink', link: 'l' }, { name: 'c', kind: 'char', device: { major: 1, minor: 3 } }]
  expect((await read(writeTar(entries))).map(({ entry }) => entry.kind)).toEqual(['folder', 'symlink', 'hardlink', 'char'])
})
