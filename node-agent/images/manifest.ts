import type { Digest } from './digest.ts'
import type { ContentLayer } from './records.ts'

/** Media types of image documents (OCI image-spec `media-types.md`, and Docker's of schema 2). Pure. */
export const MEDIA = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: { none: 'application/vnd.oci.image.layer.v1.tar', gzip: 'application/vnd.oci.image.layer.v1.tar+gzip', zstd: 'application/vnd.oci.image.layer.v1.tar+zstd' },
} as const

/** The manifest of an image that came without one. The same image has the same bytes. */
export function writeManifest(config: { readonly digest: Digest; readonly sizeBytes: number }, layers: readonly ContentLayer[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MEDIA.manifest,
      config: { mediaType: MEDIA.config, digest: config.digest, size: config.sizeBytes },
      layers: layers.map(({ mediaType, blob, sizeBytes }) => ({ mediaType, digest: blob, size: sizeBytes })),
    }),
  )
}

/** The media type a manifest gives itself; those of OCI need not say it. */
export function mediaTypeOf(manifest: Buffer): string {
  const document = JSON.parse(manifest.toString('utf8')) as { readonly mediaType?: unknown }
  return typeof document.mediaType === 'string' && document.mediaType !== '' ? document.mediaType : MEDIA.manifest
}
