import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import type { Digest } from '../digest.ts'
import { imageArchitecture } from '../image-source.ts'
import type { Descriptor } from './port.ts'

/** What a manifest or an index says (OCI image-spec, Docker schema 2). Pure: a "no" is a value. */
export type ParsedManifest =
  | { readonly kind: 'image'; readonly config: Descriptor; readonly layers: readonly Descriptor[] }
  | { readonly kind: 'index'; readonly manifests: ReadonlyArray<Descriptor & { readonly platform: Platform | undefined }> }
  | { readonly kind: 'invalid'; readonly message: string }

export interface Platform {
  readonly os: string
  readonly architecture: string
  readonly variant: string
}

export const MANIFEST_TYPES = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
} as const

/** What is asked for, the common ones first. */
export const ACCEPT_MANIFESTS = [MANIFEST_TYPES.dockerManifest, MANIFEST_TYPES.dockerList, MANIFEST_TYPES.ociManifest, MANIFEST_TYPES.ociIndex].join(', ')

export const MAX_MANIFEST_BYTES = 4 << 20
/** More than anybody's; overlayfs takes 500 at most. */
const MAX_LAYERS = 500
const MAX_BLOB_BYTES = 2 ** 50

export function parseManifest(document: unknown): ParsedManifest {
  if (!isJsonObject(document)) return no('is not an object')
  if (document['schemaVersion'] === 1) return no('is of Docker schema 1, which nobody supports any more: push the image anew')
  const { manifests, layers } = document
  if (Array.isArray(manifests) && !Array.isArray(layers)) return parseIndex(manifests)
  if (!Array.isArray(layers)) return no('has neither layers nor manifests')
  // Each form read where another was meant has been a way to smuggle.
  if (Array.isArray(manifests)) return no('has both layers and manifests')
  if (layers.length > MAX_LAYERS) return no(`has ${layers.length} layers: at most ${MAX_LAYERS} can be stacked`)
  const config = descriptorOf(document['config'])
  const parsed = layers.map(descriptorOf)
  if (config === undefined || !parsed.every((one) => one !== undefined)) return no('holds a descriptor without media type, sha256 digest or size')
  const odd = parsed.find(({ mediaType }) => !LAYER.test(mediaType))
  if (odd !== undefined) return no(`holds a layer of type ${JSON.stringify(odd.mediaType)}, which cannot be unpacked`)
  return { kind: 'image', config, layers: parsed }
}

const LAYER = /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(?:\+(?:gzip|zstd))?|docker\.image\.rootfs\.diff\.tar(?:\.(?:gzip|zstd))?)$/

const no = (message: string): ParsedManifest => ({ kind: 'invalid', message })

function parseIndex(manifests: readonly unknown[]): ParsedManifest {
  const parsed = manifests.map((one) => {
    const descriptor = descriptorOf(one)
    return descriptor === undefined ? undefined : { ...descriptor, platform: platformOf((one as JsonObject)['platform']) }
  })
  return parsed.every((one) => one !== undefined) ? { kind: 'index', manifests: parsed } : no('holds a descriptor without media type, sha256 digest or size')
}

function descriptorOf(given: unknown): Descriptor | undefined {
  if (!isJsonObject(given)) return undefined
  const { digest, size, mediaType } = given
  if (typeof digest !== 'string' || !/^sha256:[a-f0-9]{64}$/.test(digest) || typeof mediaType !== 'string') return undefined
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0 || size > MAX_BLOB_BYTES) return undefined
  return { mediaType, digest: digest as Digest, sizeBytes: size }
}

function platformOf(given: Json | undefined): Platform | undefined {
  if (!isJsonObject(given)) return undefined
  const text = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
  return { os: text(given['os']), architecture: text(given['architecture']), variant: text(given['variant']) }
}

/** The manifests of an index that run on this processor, the one that suits best first; those without a platform last. */
export function manifestsFor<T extends { readonly platform: Platform | undefined }>(manifests: readonly T[], nodeArch: string): readonly T[] {
  const ranked = manifests.map((one) => ({ one, rank: rankOf(one.platform, imageArchitecture(nodeArch)) })).filter(({ rank }) => rank >= 0)
  return ranked.sort((a, b) => b.rank - a.rank).map(({ one }) => one)
}

/** Of the variants only those that every processor of the architecture has. */
function rankOf(platform: Platform | undefined, architecture: string): number {
  if (platform === undefined) return 0
  if (platform.os !== 'linux' || platform.architecture !== architecture) return -1
  const usual: Readonly<Record<string, string>> = { amd64: 'v1', arm64: 'v8', arm: 'v7' }
  if (platform.variant === '' || platform.variant === usual[architecture]) return 3
  const number = Number(platform.variant.slice(1))
  return architecture === 'arm' && number < 7 ? 2 - (7 - number) / 10 : -1
}
