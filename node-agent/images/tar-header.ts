import { Fault } from '../../shared/kit/faults.ts'
import type { TarKind } from '../../shared/kit/tar-pax-writer.ts'
import type { SparseMap, SparsePart } from './tar-sparse.ts'

/** The tar format (POSIX.1-2001 pax, ustar, and GNU's long names): headers and numbers. Pure but for Buffer. */
export interface TarEntry {
  /** As in the archive, nothing cleaned. */
  readonly name: string
  readonly kind: TarKind
  readonly link: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly sizeBytes: number
  readonly modifiedMs: number
  readonly device: { readonly major: number; readonly minor: number }
  /** Extended attributes (`SCHILY.xattr.*` of pax headers). */
  readonly attributes: ReadonlyMap<string, Uint8Array>
}

/** Entries of a map in the header of a sparse file of GNU's old form, as many as fit there and into a block after it. */
export const GNU_SPARSE = { flag: 'S', inHeader: { at: 386, count: 4 }, inBlock: { at: 0, count: 21 }, moreInHeader: 482, moreInBlock: 504, realSize: 483 } as const

/** The type flags that say something about the *next* entry. */
export const META = { paxNext: 'x', paxGlobal: 'g', gnuLongName: 'L', gnuLongLink: 'K' } as const

export interface RawHeader {
  readonly flag: string
  readonly name: string
  readonly link: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly modifiedSeconds: number
  readonly major: number
  readonly minor: number
  /** Of a sparse file of GNU's old form: its true size, the first of its parts, and whether blocks with more of them follow. */
  readonly sparse?: SparseMap & { readonly hasMore: boolean }
}

const KINDS: Readonly<Record<string, TarKind>> = { '0': 'file', '\0': 'file', '7': 'file', S: 'file', '1': 'hardlink', '2': 'symlink', '3': 'char', '4': 'block', '5': 'folder', '6': 'pipe' }

export const isZeroBlock = (block: Buffer): boolean => block.every((byte) => byte === 0)

/** Throws Fault('corrupt') where the checksum is wrong. */
export function readHeader(block: Buffer): RawHeader {
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  if (sum !== number(block, 148, 8)) throw new Fault('corrupt', 'not a tar archive: the checksum of an entry is wrong')
  const prefix = text(block, 257, 6) === 'ustar' ? text(block, 345, 155) : ''
  const name = text(block, 0, 100)
  const flag = String.fromCharCode(block[156] ?? 0)
  return {
    flag,
    name: prefix === '' ? name : `${prefix}/${name}`,
    link: text(block, 157, 100),
    mode: number(block, 100, 8) & 0o7777,
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: size(block, 124),
    modifiedSeconds: number(block, 136, 12),
    major: number(block, 329, 8),
    minor: number(block, 337, 8),
    ...(flag === GNU_SPARSE.flag ? { sparse: { sizeBytes: size(block, GNU_SPARSE.realSize), parts: sparseParts(block, GNU_SPARSE.inHeader), hasMore: block[GNU_SPARSE.moreInHeader] !== 0 } } : {}),
  }
}

/** Parts of a sparse file in a header or in a block after it; an entry without length or place is none. */
export function sparseParts(block: Buffer, { at, count }: { readonly at: number; readonly count: number }): readonly SparsePart[] {
  return Array.from({ length: count }, (_, index) => at + index * 24)
    .filter((start) => block[start] !== 0)
    .map((start) => ({ offset: size(block, start), length: size(block, start + 12) }))
}

function text(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? length : end)
}

/** Twelve bytes that count bytes. */
function size(block: Buffer, at: number): number {
  const value = number(block, at, 12)
  if (!Number.isSafeInteger(value) || value < 0) throw new Fault('corrupt', `not a tar archive: ${value} is no size of a file`)
  return value
}

/** Octal digits, or GNU's base 256 where the first bit is set: a signed number of the other bits. */
function number(block: Buffer, at: number, length: number): number {
  const field = block.subarray(at, at + length)
  const first = field[0] ?? 0
  if ((first & 0x80) !== 0) return field.subarray(1).reduce((value, byte) => value * 256 + byte, (first & 0x40) === 0 ? first & 0x3f : (first & 0x7f) - 0x80)
  const digits = field.toString('latin1').replace(/\0.*$/s, '').trim()
  if (digits === '') return 0
  if (!/^[0-7]+$/.test(digits)) throw new Fault('corrupt', `not a tar archive: ${JSON.stringify(digits)} is no octal number`)
  return Number.parseInt(digits, 8)
}

/** Records of a pax header: `LENGTH KEY=VALUE\n`, lengths in bytes. */
export function readPaxRecords(body: Buffer): ReadonlyMap<string, Buffer> {
  const records = new Map<string, Buffer>()
  const holes: string[] = []
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(32, at)
    const length = Number(body.toString('latin1', at, Math.max(space, at)))
    const equals = body.indexOf(61, space)
    if (space < 0 || !Number.isInteger(length) || length <= 0 || equals < 0 || equals > at + length || at + length > body.length) throw new Fault('corrupt', 'a pax header of the archive is damaged')
    const key = body.toString('utf8', space + 1, equals)
    const value = body.subarray(equals + 1, at + length - 1)
    // The pairs of a sparse file stand there one after the other under the same two names: one list is made of them, once, because there may be many.
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') holes.push(value.toString('latin1'))
    else records.set(key, value)
    at += length
  }
  if (holes.length > 0) records.set('GNU.sparse.map', Buffer.from(holes.join(','), 'latin1'))
  return records
}

/** The last number of a user is none: it means nobody in particular. */
const MAX_ID = 0xfffffffe
/** As far as a file system's clock reaches. */
const MAX_SECONDS = 2 ** 40

/** The entry a header means, after what the pax records before it changed. */
export function entryOf(header: RawHeader, pax: ReadonlyMap<string, Buffer>): TarEntry {
  const said = (key: string): string | undefined => pax.get(key)?.toString('utf8')
  const name = said('GNU.sparse.name') ?? said('path') ?? header.name
  const numeric = (key: string, otherwise: number, most = Number.MAX_SAFE_INTEGER): number => {
    const value = pax.has(key) ? Number(said(key)) : otherwise
    if (!Number.isFinite(value) || Math.abs(value) > most || (key !== 'mtime' && (value < 0 || !Number.isInteger(value)))) throw new Fault('corrupt', `${JSON.stringify(name)} has no ${key} that can be: ${JSON.stringify(said(key) ?? otherwise)}`)
    return value
  }
  const kind = KINDS[header.flag]
  if (kind === undefined) throw new Fault('unsupported', `${name}: tar entries of type ${JSON.stringify(header.flag)} are not supported`)
  const attributes = [...pax].filter(([key]) => key.startsWith('SCHILY.xattr.')).map(([key, value]) => [key.slice('SCHILY.xattr.'.length), value] as const)
  return {
    name,
    // An old archive marks folders by a slash alone.
    kind: kind === 'file' && header.flag !== '7' && name.endsWith('/') ? 'folder' : kind,
    link: said('linkpath') ?? header.link,
    mode: header.mode,
    uid: numeric('uid', header.uid, MAX_ID),
    gid: numeric('gid', header.gid, MAX_ID),
    sizeBytes: kind === 'file' ? numeric('size', header.size) : 0,
    modifiedMs: numeric('mtime', header.modifiedSeconds, MAX_SECONDS) * 1000,
    device: { major: header.major, minor: header.minor },
    attributes: new Map(attributes),
  }
}
