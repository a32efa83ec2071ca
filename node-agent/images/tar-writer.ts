import { BLOCK, padding } from '../../shared/kit/tar-pax-writer.ts'

/** One entry of an archive to be written: root's, and plain. */
export interface TarInput {
  /** At most 100 bytes. A folder ends in `/`. */
  readonly name: string
  readonly kind?: 'file' | 'hardlink' | 'symlink' | 'folder' | 'char'
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly content?: Uint8Array | string
  readonly link?: string
  readonly device?: { readonly major: number; readonly minor: number }
}

const FLAG = { file: '0', hardlink: '1', symlink: '2', char: '3', folder: '5' } as const
/** Every archive that is made twice from the same files has the same digest: no file has a time of its own. */
const MODIFIED_SECONDS = 1_700_000_000

/** A whole ustar archive in memory, the same bytes for the same entries. */
export function writeTar(entries: readonly TarInput[]): Buffer {
  return Buffer.concat([...entries.map(writeEntry), Buffer.alloc(2 * BLOCK)])
}

function writeEntry(entry: TarInput): Buffer {
  const { kind = 'file' } = entry
  const content = Buffer.from(kind === 'file' ? (entry.content ?? '') : '')
  return Buffer.concat([tarHeader(entry, content.length), content, Buffer.alloc(padding(content.length))])
}

/** The header alone, of an entry with so many bytes of content, which the caller writes after it and fills up to whole blocks. */
export function tarHeader(entry: TarInput, size: number): Buffer {
  const { name, kind = 'file', mode = 0o644, uid = 0, gid = 0, link = '', device } = entry
  const block = Buffer.alloc(BLOCK)
  const put = (text: string, at: number): void => void block.write(text, at, 'utf8')
  const octal = (value: number, [at, width]: readonly [number, number]): void => put(`${value.toString(8).padStart(width - 1, '0')}\0`, at)
  put(name, 0)
  octal(mode, [100, 8])
  octal(uid, [108, 8])
  octal(gid, [116, 8])
  if (size < 8 ** 11) octal(size, [124, 12])
  else {
    // GNU's way to write what eleven octal digits cannot hold.
    block.writeUInt8(0x80, 124)
    block.writeBigUInt64BE(BigInt(size), 128)
  }
  octal(MODIFIED_SECONDS, [136, 12])
  put('        ', 148)
  put(FLAG[kind], 156)
  put(link, 157)
  put('ustar\x0000', 257)
  put('root', 265)
  put('root', 297)
  if (device !== undefined) {
    octal(device.major, [329, 8])
    octal(device.minor, [337, 8])
  }
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    [148, 7],
  )
  return block
}
