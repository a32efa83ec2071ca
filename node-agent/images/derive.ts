import { createReadStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../../shared/model/json.ts'
import type { Archive } from './archive.ts'
import type { Blobs } from './blobs.ts'
import { type Digest, digestOf } from './digest.ts'
import { type ImageSource, parseConfig } from './image-source.ts'
import { MEDIA } from './manifest.ts'
import type { ImageRecord } from './records.ts'

/** One layer more on an image that is there. */
export interface NewLayer {
  /** The plain tar. */
  readonly file: string
  readonly createdBy: string
  readonly comment: string
  /** RFC 3339. */
  readonly created: string
}

/** Writes the stream to the file and answers its digest. */
export async function keepTar(bytes: AsyncIterable<Uint8Array>, file: string): Promise<Digest> {
  const hash = createHash('sha256')
  const target = await open(file, 'wx', 0o600)
  try {
    for await (const chunk of bytes) {
      hash.update(chunk)
      await target.writeFile(chunk)
    }
  } finally {
    await target.close()
  }
  return `sha256:${hash.digest('hex')}` as Digest
}

/** The image that comes of it, to be added to the store like one that is brought: what is below is the store's own. */
export async function derivedSource(base: ImageRecord & { readonly content: NonNullable<ImageRecord['content']> }, layer: NewLayer & { readonly diffId: Digest }, blobs: Blobs): Promise<{ readonly source: ImageSource; readonly archive: Archive }> {
  const config = withLayer(JSON.parse((await blobs.read(base.id)).toString('utf8')) as unknown, layer)
  const configBytes = Buffer.from(JSON.stringify(config))
  const configDigest = digestOf(configBytes)
  const layers = [...base.content.layers.map(({ blob, diffId, mediaType }) => ({ name: blob, blobDigest: blob, diffId, mediaType })), { name: layer.diffId, blobDigest: layer.diffId, diffId: layer.diffId, mediaType: MEDIA.layer.none }]
  const { size } = await stat(layer.file)
  const sizeOf = async (name: string): Promise<number> => (name === layer.diffId ? size : ((await blobs.sizeBytes(name as Digest)) ?? 0))
  let sizeBytes = configBytes.length
  for (const { name } of layers) sizeBytes += await sizeOf(name)
  return {
    source: { names: [], configDigest, configBytes, config: parseConfig(config, configDigest), layers, sizeBytes },
    archive: {
      has: async (name) => name === layer.diffId || (await blobs.sizeBytes(name as Digest)) !== undefined,
      stream: (name) => (name === layer.diffId ? (createReadStream(layer.file, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>) : blobs.stream(name as Digest)),
      sizeBytes: sizeOf,
      isReadOnlyForMissing: true,
    },
  }
}

/** The config with one layer and one step of history more; all else stays as it is. Pure. */
function withLayer(config: unknown, { diffId, createdBy, comment, created }: NewLayer & { readonly diffId: Digest }): JsonObject {
  const given = isJsonObject(config) ? config : {}
  const rootfs = isJsonObject(given['rootfs']) ? given['rootfs'] : {}
  const before = (list: unknown): readonly unknown[] => (Array.isArray(list) ? (list as readonly unknown[]) : [])
  return {
    ...given,
    created,
    rootfs: { type: 'layers', diff_ids: [...before(rootfs['diff_ids']), diffId] },
    history: [...before(given['history']), { created, created_by: createdBy, comment }],
  } as JsonObject
}
