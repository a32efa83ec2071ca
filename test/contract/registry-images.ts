/** Images for tests of registries: made by hand, of layers in every form. */
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { digestOf, type Digest } from '../../node-agent/images/digest.ts'
import { parseReference, type Reference } from '../../node-agent/images/reference.ts'
import type { BlobSource, Descriptor, RegistryLogin } from '../../node-agent/images/registry/registry.ts'
import { writeTar, type TarInput } from '../../node-agent/images/tar-writer.ts'
import { LOGIN } from './registry-server.ts'

export function reference(name: string): Reference {
  const parsed = parseReference(name)
  if (parsed.kind === 'invalid') throw new Error(parsed.message)
  return parsed.reference
}

export const passwordLogin = (registry: string, { secret, ...more }: { readonly secret?: string; readonly password?: string } = {}): RegistryLogin => ({
  registry,
  credential: { kind: 'password', ...LOGIN, ...more },
  ...(secret === undefined ? {} : { secret: { namespace: 'ns', name: secret, uid: `uid-${secret}` } }),
})

export const blobOf = (bytes: Buffer, more: Partial<BlobSource> = {}): BlobSource => ({
  digest: digestOf(bytes),
  sizeBytes: bytes.length,
  open: async function* (offset) {
    yield bytes.subarray(offset)
  },
  ...more,
})

export const descriptorOf = (bytes: Buffer, mediaType = 'application/octet-stream'): Descriptor => ({ mediaType, digest: digestOf(bytes), sizeBytes: bytes.length })

export interface TestLayer {
  readonly tar: Buffer
  readonly bytes: Buffer
  readonly mediaType: string
}

const FORMS = {
  gzip: { press: (tar: Buffer) => gzipSync(tar), oci: 'application/vnd.oci.image.layer.v1.tar+gzip', docker: 'application/vnd.docker.image.rootfs.diff.tar.gzip' },
  zstd: { press: (tar: Buffer) => zstdCompressSync(tar), oci: 'application/vnd.oci.image.layer.v1.tar+zstd', docker: 'application/vnd.docker.image.rootfs.diff.tar.zstd' },
  plain: { press: (tar: Buffer) => tar, oci: 'application/vnd.oci.image.layer.v1.tar', docker: 'application/vnd.docker.image.rootfs.diff.tar' },
} as const

export function layerOf(entries: readonly TarInput[], form: keyof typeof FORMS = 'gzip', kind: 'oci' | 'docker' = 'oci'): TestLayer {
  const tar = writeTar(entries)
  return { tar, bytes: FORMS[form].press(tar), mediaType: FORMS[form][kind] }
}

export interface TestImage {
  readonly manifest: { readonly mediaType: string; readonly bytes: Buffer }
  readonly digest: Digest
  readonly config: Buffer
  readonly layers: readonly TestLayer[]
  readonly blobs: readonly BlobSource[]
}

const json = (document: object): Buffer => Buffer.from(JSON.stringify(document))
const wire = ({ mediaType, digest, sizeBytes }: Descriptor): object => ({ mediaType, digest, size: sizeBytes })

export function imageOf(layers: readonly TestLayer[], { kind = 'oci', cmd = ['sh'] }: { readonly kind?: 'oci' | 'docker'; readonly cmd?: readonly string[] } = {}): TestImage {
  const config = json({ os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', config: { Cmd: cmd }, rootfs: { type: 'layers', diff_ids: layers.map(({ tar }) => digestOf(tar)) } })
  const mediaType = kind === 'oci' ? 'application/vnd.oci.image.manifest.v1+json' : 'application/vnd.docker.distribution.manifest.v2+json'
  const configType = kind === 'oci' ? 'application/vnd.oci.image.config.v1+json' : 'application/vnd.docker.container.image.v1+json'
  const bytes = json({ schemaVersion: 2, mediaType, config: wire(descriptorOf(config, configType)), layers: layers.map((layer) => wire(descriptorOf(layer.bytes, layer.mediaType))) })
  return { manifest: { mediaType, bytes }, digest: digestOf(bytes), config, layers, blobs: [blobOf(config), ...layers.map((layer) => blobOf(layer.bytes))] }
}

export interface Listed extends Descriptor {
  readonly platform?: { readonly os: string; readonly architecture: string }
}

/** An index of manifests that are in the repository already. */
export function indexOf(manifests: readonly Listed[], kind: 'oci' | 'docker' = 'oci'): { readonly mediaType: string; readonly bytes: Buffer } {
  const mediaType = kind === 'oci' ? 'application/vnd.oci.image.index.v1+json' : 'application/vnd.docker.distribution.manifest.list.v2+json'
  return { mediaType, bytes: json({ schemaVersion: 2, mediaType, manifests: manifests.map(({ platform, ...descriptor }) => ({ ...wire(descriptor), platform })) }) }
}
