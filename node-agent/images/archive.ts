import { createReadStream, createWriteStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { join, normalize, posix } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Fault } from '../../shared/kit/faults.ts'
import { faultOfSystemError, unlessMissing } from '../host/errno.ts'
import { compressionOf, decompressed } from './decompress.ts'
import type { TarEntry } from './tar-header.ts'
import { readTar } from './tar-reader.ts'

/** Named files of an image archive, whichever form it came in. */
export interface Archive {
  has(name: string): Promise<boolean>
  /** Throws Fault('invalid') where it is not there. */
  stream(name: string): AsyncIterable<Buffer>
  sizeBytes(name: string): Promise<number>
  /** What the store has already need not be read once more to see whether it is true: a registry, whose bytes cost. A file that is brought is read to its end. */
  readonly isReadOnlyForMissing?: boolean
  /** How many of its layers may be read side by side; one unless given. */
  readonly layersAtOnce?: number
  /** A layer of it is in the store. */
  kept?(name: string): void
  /** It could not be taken as it came: whether it is worth reading anew, because other bytes would come. */
  again?(name: string, error: unknown): boolean
  /** A layer failed: whatever is still being read is to end, too. */
  abandon?(): void
}

/** Manifests and configs are read whole, and only up to here. */
const MAX_DOCUMENT_BYTES = 8 << 20

/**
 * Opens a tar (plain, gzip or zstd) or a folder.
 *
 * @param staging a folder of the caller's, where a compressed archive is unpacked; the caller deletes it.
 */
export async function openArchive(path: string, staging: string): Promise<Archive> {
  const about = await stat(path).catch((error: unknown) => {
    throw faultOfSystemError(error, `cannot read the image archive ${path}`)
  })
  if (about.isDirectory()) return folderArchive(path)
  return tarArchive((await isCompressed(path)) ? await decompressTo(path, join(staging, 'archive.tar')) : path)
}

/** A whole document as JSON. Throws Fault('corrupt'). */
export async function readJson(archive: Archive, name: string): Promise<unknown> {
  const bytes = await readDocument(archive, name)
  return parseJson(bytes, name)
}

export function parseJson(bytes: Buffer, name: string): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown
  } catch (cause) {
    throw new Fault('corrupt', `${name} in the image archive is not JSON`, { cause })
  }
}

export async function readDocument(archive: Archive, name: string): Promise<Buffer> {
  if ((await archive.sizeBytes(name)) > MAX_DOCUMENT_BYTES) throw new Fault('corrupt', `${name} in the image archive is far too long for a document`)
  const parts: Buffer[] = []
  for await (const part of archive.stream(name)) parts.push(part)
  return Buffer.concat(parts)
}

async function isCompressed(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0)
    return compressionOf(buffer) !== 'none'
  } finally {
    await file.close()
  }
}

async function decompressTo(path: string, target: string): Promise<string> {
  await pipeline(decompressed(createReadStream(path) as AsyncIterable<Buffer>), createWriteStream(target, { mode: 0o600 }))
  return target
}

function folderArchive(root: string): Archive {
  const at = (name: string): string => join(root, inside(name))
  return {
    has: async (name) => (await unlessMissing(stat(at(name))))?.isFile() === true,
    stream: (name) => createReadStream(at(name)) as AsyncIterable<Buffer>,
    sizeBytes: async (name) => (await unlessMissing(stat(at(name))))?.size ?? missing(name),
  }
}

interface Place {
  readonly offset: number
  readonly size: number
}

async function tarArchive(path: string): Promise<Archive> {
  const { places, links } = await indexTar(path)
  const find = (name: string, depth = 0): Place | undefined => {
    const key = normalize(name)
    const link = links.get(key)
    return link !== undefined && depth < 10 ? find(link, depth + 1) : places.get(key)
  }
  const get = (name: string): Place => find(name) ?? missing(name)
  return {
    has: async (name) => find(name) !== undefined,
    async *stream(name) {
      const { offset, size } = get(name)
      if (size > 0) yield* createReadStream(path, { start: offset, end: offset + size - 1 }) as AsyncIterable<Buffer>
    },
    sizeBytes: async (name) => get(name).size,
  }
}

/** Where each file of the archive lies. `docker save` writes equal layers as links to the first. */
async function indexTar(path: string): Promise<{ readonly places: ReadonlyMap<string, Place>; readonly links: ReadonlyMap<string, string> }> {
  const places = new Map<string, Place>()
  const links = new Map<string, string>()
  for await (const { entry, offset, isSparse } of readTar(createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>)) {
    const name = normalize(entry.name)
    if (isSparse) throw new Fault('unsupported', `${entry.name} in the image archive is stored with holes: pack the archive anew without them`)
    if (entry.kind === 'file') places.set(name, { offset, size: entry.sizeBytes })
    const target = linkTarget(entry)
    if (target !== undefined) links.set(name, target)
  }
  return { places, links }
}

function linkTarget(entry: TarEntry): string | undefined {
  if (entry.kind === 'symlink') return posix.join(posix.dirname(entry.name), entry.link)
  return entry.kind === 'hardlink' ? posix.normalize(entry.link) : undefined
}

function inside(name: string): string {
  if (name.startsWith('/') || name.split('/').includes('..')) throw new Fault('invalid', `the image archive names a file outside of itself: ${name}`)
  return name
}

function missing(name: string): never {
  throw new Fault('invalid', `the image archive is incomplete: it has no ${name}`)
}
