/** The tar format is made of blocks; a file's content is filled up to whole ones. */
export const BLOCK = 512
export const padding = (size: number): number => (BLOCK - (size % BLOCK)) % BLOCK

export type TarKind = 'file' | 'hardlink' | 'symlink' | 'char' | 'block' | 'folder' | 'pipe'

/** What is written of one file; its content follows, padded to whole blocks. */
export interface PaxEntry {
  /** Of any length; a folder ends in `/`. */
  readonly name: string
  readonly kind: TarKind
  readonly link?: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly sizeBytes: number
  readonly modifiedSeconds: number
  readonly device?: { readonly major: number; readonly minor: number }
  readonly attributes?: ReadonlyMap<string, Uint8Array>
}

const FLAG: Readonly<Record<TarKind, string>> = { file: '0', hardlink: '1', symlink: '2', char: '3', block: '4', folder: '5', pipe: '6' }
const MOST_OCTAL = { id: 8 ** 7, size: 8 ** 11 }

/** The header of an entry, with a pax header before it for what an old one cannot say. The same entry gives the same bytes. */
export function paxHeader(entry: PaxEntry): Buffer {
  const { name, link = '', uid, gid, sizeBytes, attributes = new Map<string, Uint8Array>() } = entry
  const records: Array<readonly [string, Uint8Array | string]> = []
  if (Buffer.byteLength(name) > 100 || !isPlain(name)) records.push(['path', name])
  if (Buffer.byteLength(link) > 100 || !isPlain(link)) records.push(['linkpath', link])
  if (uid >= MOST_OCTAL.id) records.push(['uid', String(uid)])
  if (gid >= MOST_OCTAL.id) records.push(['gid', String(gid)])
  if (sizeBytes >= MOST_OCTAL.size) records.push(['size', String(sizeBytes)])
  for (const key of [...attributes.keys()].sort()) records.push([`SCHILY.xattr.${key}`, attributes.get(key) ?? ''])
  const header = block(entry)
  if (records.length === 0) return header
  const body = Buffer.concat(records.map(([key, value]) => paxRecord(key, value)))
  const meta = block({ ...entry, name: 'PaxHeaders/next', link: '', kind: 'file', mode: 0o644, uid: 0, gid: 0, sizeBytes: body.length }, 'x')
  return Buffer.concat([meta, body, Buffer.alloc(padding(body.length)), header])
}

const isPlain = (text: string): boolean => /^[\x20-\x7e]*$/.test(text)

function paxRecord(key: string, value: Uint8Array | string): Buffer {
  const content = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value as string), Buffer.from('\n')])
  let length = content.length
  while (content.length + String(length).length !== length) length = content.length + String(length).length
  return Buffer.concat([Buffer.from(String(length)), content])
}

function block({ name, link = '', kind, mode, uid, gid, sizeBytes, modifiedSeconds, device }: PaxEntry, flag = FLAG[kind]): Buffer {
  const made = Buffer.alloc(BLOCK)
  const octal = (value: number, at: number, width: number): void => void made.write(`${Math.min(value, 8 ** (width - 1) - 1).toString(8).padStart(width - 1, '0')}\0`, at)
  made.write(Buffer.from(name).subarray(0, 100).toString('latin1'), 0, 'latin1')
  octal(mode & 0o7777, 100, 8)
  octal(uid, 108, 8)
  octal(gid, 116, 8)
  octal(sizeBytes, 124, 12)
  octal(Math.max(0, Math.floor(modifiedSeconds)), 136, 12)
  made.write('        ', 148)
  made.write(flag, 156)
  made.write(Buffer.from(link).subarray(0, 100).toString('latin1'), 157, 'latin1')
  made.write('ustar\x0000', 257)
  if (device !== undefined) {
    octal(device.major, 329, 8)
    octal(device.minor, 337, 8)
  }
  octal(made.reduce((sum, byte) => sum + byte, 0), 148, 7)
  return made
}
