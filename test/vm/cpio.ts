/** The archive a Linux kernel unpacks as its first file system: cpio in the form "newc". PURE but for the bytes it is given. */
export type ArchiveEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'file'; readonly path: string; readonly bytes: Uint8Array; readonly executable?: boolean }
  | { readonly kind: 'device'; readonly path: string; readonly major: number; readonly minor: number }

const FOLDER = 0o040755
const PLAIN_FILE = 0o100644
const EXECUTABLE = 0o100755
const CHARACTER_DEVICE = 0o020600
const LAST = 'TRAILER!!!'

/** Folders before what is in them, as they are given. */
export function cpioArchive(entries: readonly ArchiveEntry[]): Uint8Array {
  const parts = entries.map((entry, index) => record(entry, index + 1))
  return Buffer.concat([...parts, record({ kind: 'file', path: LAST, bytes: new Uint8Array() }, 0)])
}

function record(entry: ArchiveEntry, inode: number): Buffer {
  const bytes = entry.kind === 'file' ? entry.bytes : new Uint8Array()
  const [major, minor] = entry.kind === 'device' ? [entry.major, entry.minor] : [0, 0]
  // inode, mode, owner, group, links, time, size, device (2), device it is (2), length of the name, checksum
  const numbers = [inode, inode === 0 ? 0 : modeOf(entry), 0, 0, 1, 0, bytes.length, 0, 0, major, minor, Buffer.byteLength(entry.path) + 1, 0]
  const header = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}${entry.path}\0`
  return Buffer.concat([padded(Buffer.from(header)), padded(Buffer.from(bytes))])
}

function modeOf(entry: ArchiveEntry): number {
  switch (entry.kind) {
    case 'folder':
      return FOLDER
    case 'file':
      return entry.executable === true ? EXECUTABLE : PLAIN_FILE
    case 'device':
      return CHARACTER_DEVICE
  }
}

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
