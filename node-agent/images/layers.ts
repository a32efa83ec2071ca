import { createHash } from 'node:crypto'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { gate } from '../../shared/kit/gate.ts'
import { exists, removeTree, renameIfAbsent } from '../host/files.ts'
import type { SpecialFiles } from '../host/files-special.ts'
import type { Archive } from './archive.ts'
import type { Blobs, BlobWriter, KeptBlob } from './blobs.ts'
import { decompressed } from './decompress.ts'
import { checkDigest, type Digest, digestOf, hexOf, verified } from './digest.ts'
import type { LayerSource } from './image-source.ts'
import type { Making } from './making.ts'
import { unpackLayer } from './unpack-layer.ts'

export interface LayerStoreOptions {
  /** `ROOT/layers`: one folder per unpacked layer, complete from the moment it is there. */
  readonly folder: string
  /** A private folder on the same file system, deleted by the caller. */
  readonly staging: string
  readonly special: SpecialFiles
  readonly blobs: Blobs
  readonly making: Making
  /** Called with the name of each blob before it is put there: what holds it (a lease) must be true by then. */
  readonly hold: (blob: Digest) => Promise<void>
}

export interface KeptLayer {
  /** Its folder in `layers/`. */
  readonly name: string
  readonly blob: KeptBlob
}

/** The two names each layer may get (see {@link ensureLayers}), for the lease that is taken before they are looked for. */
export function possibleNames(layers: readonly LayerSource[]): readonly string[] {
  return chainsOf(layers).flatMap(({ layer, chain }) => [folderName(layer.diffId), folderName(chain)])
}

/**
 * Unpacks what is not there yet and answers the folder names, lowest first; the bytes as they came are kept too.
 *
 * A layer lies under its diff id, shared by all images; only one that leaves out folders which layers below describe is kept per stack of layers
 * (a chain id), because overlayfs shows a folder with the attributes of its topmost layer.
 */
export async function ensureLayers(archive: Archive, layers: readonly LayerSource[], options: LayerStoreOptions): Promise<readonly KeptLayer[]> {
  const { run } = gate(archive.layersAtOnce ?? 1)
  const started: Array<Promise<KeptLayer>> = []
  let failure: { readonly error: unknown } | undefined
  // The lowest begin first, and a layer waits only for those below it: so whoever waits waits for one that is under way.
  for (const chained of chainsOf(layers)) {
    const below = [...started]
    const work = async (): Promise<KeptLayer> => {
      try {
        if (failure !== undefined) throw failure.error
        return await options.making.alone(folderName(chained.chain), options.staging, () => ensureLayer(archive, { ...chained, below: async () => (await Promise.all(below)).map(({ name }) => name) }, options))
      } catch (error) {
        failure ??= { error }
        archive.abandon?.()
        throw error
      }
    }
    started.push(run(work))
  }
  await Promise.allSettled(started)
  if (failure !== undefined) throw failure.error
  return await Promise.all(started)
}

interface Chained {
  readonly layer: LayerSource
  /** Names the stack of it and all below it. */
  readonly chain: Digest
}

interface Stacked extends Chained {
  /** Names of the layers below, once all of them are there. */
  readonly below: () => Promise<readonly string[]>
}

function chainsOf(layers: readonly LayerSource[]): readonly Chained[] {
  const chained: Chained[] = []
  for (const layer of layers) chained.push({ layer, chain: chained.length === 0 ? layer.diffId : digestOf(`${chained.at(-1)?.chain ?? ''} ${layer.diffId}`) })
  return chained
}

async function ensureLayer(archive: Archive, stacked: Stacked, options: LayerStoreOptions): Promise<KeptLayer> {
  const { layer, chain } = stacked
  const { folder, staging, blobs } = options
  const names = [folderName(layer.diffId), folderName(chain)] as const
  const present = await firstPresent(folder, names)
  const there = archive.isReadOnlyForMissing === true ? await keptBlob(blobs, layer) : undefined
  if (present !== undefined && there !== undefined) return { name: present, blob: there }
  for (;;) {
    try {
      return await bring(archive, stacked, { ...options, present })
    } catch (error) {
      if (archive.again?.(layer.name, error) !== true) throw error
      await removeTree(join(staging, names[1]))
    }
  }
}

/** Reads the layer, and keeps it. */
async function bring(archive: Archive, stacked: Stacked, { present, ...options }: LayerStoreOptions & { readonly present: string | undefined }): Promise<KeptLayer> {
  const { layer, chain } = stacked
  const { folder, staging, special, blobs } = options
  const writer = blobs.begin(hexOf(chain), staging)
  const tar = layerTar(archive, layer, writer)
  // Known content, but these bytes are still to be what they say: a damaged archive is refused wherever it is brought.
  if (present !== undefined) for await (const _ of tar);
  const dependsOnParents = present === undefined && (await unpack(tar, stacked, options))
  // After a power cut a file may be there and be empty, unless it was written out before.
  await special.flush(staging)
  const name = present ?? folderName(dependsOnParents ? chain : layer.diffId)
  if (present === undefined) await renameIfAbsent(join(staging, folderName(chain)), join(folder, name))
  await options.hold(writer.passed.digest)
  await writer.keep()
  archive.kept?.(layer.name)
  return { name, blob: writer.passed }
}

async function keptBlob(blobs: Blobs, { blobDigest }: LayerSource): Promise<KeptBlob | undefined> {
  const sizeBytes = blobDigest === undefined ? undefined : await blobs.sizeBytes(blobDigest)
  return blobDigest === undefined || sizeBytes === undefined ? undefined : { digest: blobDigest, sizeBytes, compression: 'none' }
}

async function firstPresent(folder: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) if (await exists(join(folder, name))) return name
  return undefined
}

/** Into the staging folder, under the name of its stack: the same layer may be there twice. */
async function unpack(tar: AsyncIterable<Buffer>, { chain, below }: Stacked, { folder, staging, special }: LayerStoreOptions): Promise<boolean> {
  const target = join(staging, folderName(chain))
  await mkdir(target)
  // Whatever this process's umask is: it becomes a container's root folder.
  await chmod(target, 0o755)
  return (await unpackLayer(tar, { target, parents: async () => (await below()).map((name) => join(folder, name)), special })).dependsOnParents
}

/** Digests of the bytes as they are and of the plain tar are checked while they pass. */
function layerTar(archive: Archive, layer: LayerSource, writer: BlobWriter): AsyncIterable<Buffer> {
  return verified(decompressed(storedBytes(archive, layer, writer)), layer.diffId, `the layer ${layer.name}`)
}

/** The writer knows the digest: it is not reckoned twice. */
async function* storedBytes(archive: Archive, { name, blobDigest }: LayerSource, writer: BlobWriter): AsyncGenerator<Buffer> {
  yield* writer.tee(archive.stream(name))
  if (blobDigest !== undefined) checkDigest(writer.passed.digest, blobDigest, name)
}

/** Short, because a mount's options must fit into one page: 96 bits name a layer well enough among those of one host. */
export const folderName = (digest: Digest): string => createHash('sha256').update(hexOf(digest)).digest('hex').slice(0, 24)
