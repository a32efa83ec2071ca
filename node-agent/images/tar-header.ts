import { Fault } from '../../shared/kit/faults.ts'

/** The tar format (POSIX.1-2001 pax, ustar, and GNU's long names): headers and numbers. Pure but for Buffer. */
export type TarKind = 'file' | 'hardlink' | 'symlink' | 'char' | 'block' | 'folder' | 'pipe'

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

export const BLOCK = 512
export const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK

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
}

const KINDS: Readonly<Record<string, TarKind>> = { '0': 'file', '\0': 'file', '7': 'file', '1': 'hardlink', '2': 'symlink', '3': 'char', '4': 'block', '5': 'folder', '6': 'pipe' }

export const isZeroBlock = (block: Buffer): boolean => block.every((byte) => byte === 0)

/** Throws Fault('corrupt') where the checksum is wrong. */
export function readHeader(block: Buffer): RawHeader {
  const sum = block.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0)
  if (sum !== number(block, 148, 8)) throw new Fault('corrupt', 'not a tar archive: the checksum of an entry is wrong')
  const prefix = text(block, 257, 6) === 'ustar' ? text(block, 345, 155) : ''
  const name = text(block, 0, 100)
  return {
    flag: String.fromCharCode(block[156] ?? 0),
    name: prefix === '' ? name : `${prefix}/${name}`,
    link: text(block, 157, 100),
    mode: number(block, 100, 8) & 0o7777,
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: number(block, 124, 12),
    modifiedSeconds: number(block, 136, 12),
    major: number(block, 329, 8),
    minor: number(block, 337, 8),
  }
}

function text(block: Buffer, at: number, length: number): string {
  const field = block.subarray(at, at + length)
  const end = field.indexOf(0)
  return field.toString('utf8', 0, end < 0 ? length : end)
}

/** Octal digits, or GNU's base 256 where the first bit is set. */
function number(block: Buffer, at: number, length: number): number {
  const field = block.subarray(at, at + length)
  if (((field[0] ?? 0) & 0x80) !== 0) return field.subarray(1).reduce((value, byte) => value * 256 + byte, 0)
  const digits = field.toString('latin1').replace(/\0.*$/s, '').trim()
  if (digits === '') return 0
  if (!/^[0-7]+$/.test(digits)) throw new Fault('corrupt', `not a tar archive: ${JSON.stringify(digits)} is no octal number`)
  return Number.parseInt(digits, 8)
}

/** Records of a pax header: `LENGTH KEY=VALUE\n`, lengths in bytes. */
export function readPaxRecords(body: Buffer): ReadonlyMap<string, Buffer> {
  const records = new Map<string, Buffer>()
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(32, at)
    const length = Number(body.toString('latin1', at, Math.max(space, at)))
    const equals = body.indexOf(61, space)
    if (space < 0 || !Number.isInteger(length) || length <= 0 || equals < 0 || equals > at + length || at + length > body.length) throw new Fault('corrupt', 'a pax header of the archive is damaged')
    records.set(body.toString('utf8', space + 1, equals), body.subarray(equals + 1, at + length - 1))
    at += length
  }
  return records
}

/** The entry a header means, after what the pax records before it changed. */
export function entryOf(header: RawHeader, pax: ReadonlyMap<string, Buffer>): TarEntry {
  const said = (key: string): string | undefined => pax.get(key)?.toString('utf8')
  const numeric = (key: string, otherwise: number): number => (pax.has(key) ? Number(said(key)) : otherwise)
  if ([...pax.keys()].some((key) => key.startsWith('GNU.sparse'))) throw new Fault('unsupported', `${header.name}: sparse files in archives are not supported`)
  const name = said('path') ?? header.name
  const kind = KINDS[header.flag]
  if (kind === undefined) throw new Fault('unsupported', `${name}: tar entries of type ${JSON.stringify(header.flag)} are not supported`)
  const attributes = [...pax].filter(([key]) => key.startsWith('SCHILY.xattr.')).map(([key, value]) => [key.slice('SCHILY.xattr.'.length), value] as const)
  return {
    name,
    // An old archive marks folders by a slash alone.
    kind: kind === 'file' && header.flag !== '7' && name.endsWith('/') ? 'folder' : kind,
    link: said('linkpath') ?? header.link,
    mode: header.mode,
    uid: numeric('uid', header.uid),
    gid: numeric('gid', header.gid),
    sizeBytes: kind === 'file' ? numeric('size', header.size) : 0,
    modifiedMs: numeric('mtime', header.modifiedSeconds) * 1000,
    device: { major: header.major, minor: header.minor },
    attributes: new Map(attributes),
  }
}
