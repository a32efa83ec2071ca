import { createHash } from 'node:crypto'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exists, renameIfAbsent } from '../host/files.ts'
import type { SpecialFiles } from '../host/files-special.ts'
import type { Archive } from './archive.ts'
import { decompressed } from './decompress.ts'
import { type Digest, digestOf, hexOf, verified } from './digest.ts'
import type { LayerSource } from './image-source.ts'
import { unpackLayer } from './unpack-layer.ts'

export interface LayerStoreOptions {
  /** `ROOT/layers`: one folder per unpacked layer, complete from the moment it is there. */
  readonly folder: string
  /** A private folder on the same file system, deleted by the caller. */
  readonly staging: string
  readonly special: SpecialFiles
}

/**
 * Unpacks what is not there yet and answers the folder names, lowest first.
 *
 * A layer lies under its diff id, shared by all images; only one that leaves out folders which layers below describe is kept per stack of layers
 * (a chain id), because overlayfs shows a folder with the attributes of its topmost layer.
 */
export async function ensureLayers(archive: Archive, layers: readonly LayerSource[], options: LayerStoreOptions): Promise<readonly string[]> {
  const names: string[] = []
  let chain = ''
  for (const layer of layers) {
    chain = chain === '' ? layer.diffId : digestOf(`${chain} ${layer.diffId}`)
    names.push(await ensureLayer(archive, { layer, chain, below: names }, options))
  }
  return names
}

interface Stacked {
  readonly layer: LayerSource
  readonly chain: string
  readonly below: readonly string[]
}

async function ensureLayer(archive: Archive, { layer, chain, below }: Stacked, { folder, staging, special }: LayerStoreOptions): Promise<string> {
  const own = folderName(layer.diffId)
  const stacked = folderName(chain as Digest)
  for (const name of [own, stacked]) {
    if (!(await exists(join(folder, name)))) continue
    // Known content, but these bytes are still to be what they say: a damaged archive is refused wherever it is brought.
    for await (const _ of layerTar(archive, layer));
    return name
  }
  const target = join(staging, own)
  await mkdir(target)
  // Whatever this process's umask is: it becomes a container's root folder.
  await chmod(target, 0o755)
  const { dependsOnParents } = await unpackLayer(layerTar(archive, layer), { target, parents: below.map((name) => join(folder, name)), special })
  const name = dependsOnParents ? stacked : own
  // After a power cut a folder may be there and its files empty, unless they were written out before.
  await special.flush(staging)
  await renameIfAbsent(target, join(folder, name))
  return name
}

/** Digests of the bytes as they are and of the plain tar are checked while they pass. */
function layerTar(archive: Archive, layer: LayerSource): AsyncIterable<Buffer> {
  const stored = archive.stream(layer.name)
  const blob = layer.blobDigest === undefined ? stored : verified(stored, layer.blobDigest, layer.name)
  return verified(decompressed(blob), layer.diffId, `the layer ${layer.name}`)
}

/** Short, because a mount's options must fit into one page: 96 bits name a layer well enough among those of one host. */
const folderName = (digest: Digest): string => createHash('sha256').update(hexOf(digest)).digest('hex').slice(0, 24)
