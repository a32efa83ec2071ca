import { Fault } from '../../shared/kit/faults.ts'
import { BLOCK, padding } from '../../shared/kit/tar-pax-writer.ts'
import type { Blobs } from './blobs.ts'
import { type Digest, hexOf } from './digest.ts'
import { mediaTypeOf } from './manifest.ts'
import type { ImageRecord } from './records.ts'
import { tarHeader } from './tar-writer.ts'

export interface ExportedImage {
  readonly record: ImageRecord
  /** Full names to give it in the archive. */
  readonly tags: readonly string[]
}

/**
 * An archive of images that both kinds of readers take: an OCI layout (`index.json`) with Docker's `manifest.json` beside it, as newer `docker save` writes. The same images give the same bytes.
 * Throws Fault('invalid') for an image whose bytes were not kept.
 */
export async function* exportArchive(images: readonly ExportedImage[], blobs: Blobs): AsyncGenerator<Buffer> {
  const manifests: Array<readonly [ExportedImage, Buffer]> = []
  for (const image of images) manifests.push([image, await blobs.read(contentOf(image.record).manifest)])
  const written = new Set<Digest>()
  for (const [{ record }] of manifests) {
    const { manifest, layers } = contentOf(record)
    for (const digest of [...layers.map(({ blob }) => blob), record.id, manifest]) {
      if (written.has(digest)) continue
      written.add(digest)
      yield* blobEntry(blobs, digest)
    }
  }
  yield* document('oci-layout', { imageLayoutVersion: '1.0.0' })
  yield* document('index.json', { schemaVersion: 2, manifests: manifests.flatMap(([image, bytes]) => descriptorsOf(image, bytes)) })
  yield* document('manifest.json', manifests.map(([{ record, tags }]) => ({ Config: blobName(record.id), RepoTags: tags, Layers: contentOf(record).layers.map(({ blob }) => blobName(blob)) })))
  yield Buffer.alloc(2 * BLOCK)
}

function contentOf({ id, content }: ImageRecord): NonNullable<ImageRecord['content']> {
  if (content === undefined) throw new Fault('invalid', `the image ${id} was brought by an earlier version of Gantry, which kept no copy of its layers: bring it again, then it can be exported and pushed`)
  return content
}

function descriptorsOf({ record, tags }: ExportedImage, manifest: Buffer): readonly object[] {
  const descriptor = { mediaType: mediaTypeOf(manifest), digest: contentOf(record).manifest, size: manifest.length }
  if (tags.length === 0) return [descriptor]
  return tags.map((tag) => ({ ...descriptor, annotations: { 'io.containerd.image.name': tag, 'org.opencontainers.image.ref.name': tag.slice(tag.lastIndexOf(':') + 1) } }))
}

const blobName = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`

async function* blobEntry(blobs: Blobs, digest: Digest): AsyncGenerator<Buffer> {
  const size = await blobs.sizeBytes(digest)
  if (size === undefined) throw new Fault('corrupt', `the bytes of ${digest} are missing from the store: "gantry image check" says what to do`)
  yield tarHeader({ name: blobName(digest), mode: 0o444 }, size)
  yield* blobs.stream(digest)
  yield Buffer.alloc(padding(size))
}

function* document(name: string, value: unknown): Generator<Buffer> {
  const bytes = Buffer.from(JSON.stringify(value))
  yield tarHeader({ name, mode: 0o444 }, bytes.length)
  yield bytes
  yield Buffer.alloc(padding(bytes.length))
}
