import { Fault } from '../../../shared/kit/faults.ts'
import { type Archive, parseJson } from '../archive.ts'
import type { Digest } from '../digest.ts'
import { type ImageSource, imageArchitecture, pairLayers, parseConfig } from '../image-source.ts'
import type { Reference } from '../reference.ts'
import { manifestsFor, parseManifest, type ParsedManifest } from './manifest.ts'
import type { Descriptor, ManifestBytes, RepositorySession } from './port.ts'

/** An image of a registry in the form in which the store takes images: its source, and an archive whose files are the registry's blobs. */
export interface RemoteImage {
  readonly source: ImageSource
  readonly archive: Archive
}

/** What an image is read from: a registry's session, or one that has more sources. */
export interface ImageSession extends Pick<RepositorySession, 'manifest'> {
  blob(descriptor: Descriptor): AsyncIterable<Buffer>
  /** The config, if it is read otherwise than layers are; verified. */
  config?(descriptor: Descriptor): Promise<Buffer>
  /** A layer is in the store. */
  kept?(digest: Digest): void
  /** See `Archive.again`. */
  again?(digest: Digest, error: unknown): boolean
}

export interface RemoteOptions {
  /** Node's name of the processor. */
  readonly nodeArch: string
  /** Told of bytes of layers as they come. */
  readonly onProgress?: ((progress: PullProgress) => void) | undefined
  /** Ends everything that is still being read. */
  readonly abandon: () => void
}

export interface PullProgress {
  /** Of the layer as it comes. */
  readonly digest: string
  readonly doneBytes: number
  readonly totalBytes: number
  readonly state: 'pulling' | 'pulled' | 'exists'
}

/** How deep an index may lie in an index. */
const MAX_DEPTH = 4
const MAX_CONFIG_BYTES = 8 << 20
const LAYERS_AT_ONCE = 3

/** Reads manifests and config; layers only when the store asks for them. Throws as the session does, and 'not-found' where nothing runs on this processor. */
export async function openRemoteImage(session: ImageSession, { reference, digest }: { readonly reference: Reference; readonly digest: Digest }, options: RemoteOptions): Promise<RemoteImage> {
  const { manifest, parsed, indexes } = await findManifest(session, digest, { nodeArch: options.nodeArch, depth: 0 })
  const configBytes = await readConfig(session, parsed.config)
  const config = parseConfig(parseJson(configBytes, parsed.config.digest), parsed.config.digest)
  const files = parsed.layers.map((layer) => ({ name: layer.digest, blobDigest: layer.digest, mediaType: layer.mediaType }))
  const layers = pairLayers(files, config, `the manifest ${manifest.digest}`)
  const sizeBytes = parsed.layers.reduce((sum, layer) => sum + layer.sizeBytes, configBytes.length)
  const source: ImageSource = { names: [reference.full], manifestDigest: digest, manifest: manifest.bytes, indexes, configBytes, configDigest: parsed.config.digest, config, layers, sizeBytes }
  return { source, archive: layersArchive(session, parsed.layers, options) }
}

type ImageManifest = Extract<ParsedManifest, { kind: 'image' }>

interface FoundManifest {
  readonly manifest: ManifestBytes
  readonly parsed: ImageManifest
  /** Those that led to it, the outermost last. */
  readonly indexes: readonly Buffer[]
}

async function findManifest(session: ImageSession, digest: Digest, { nodeArch, depth }: { readonly nodeArch: string; readonly depth: number }): Promise<FoundManifest> {
  if (depth > MAX_DEPTH) throw new Fault('invalid', `the indexes of ${digest} are nested too deeply`)
  const manifest = await session.manifest(digest)
  const parsed = parseManifest(parseJson(manifest.bytes, `the manifest ${digest}`))
  switch (parsed.kind) {
    case 'image':
      return { manifest, parsed, indexes: [] }
    case 'invalid':
      throw new Fault('invalid', `the manifest ${digest} ${parsed.message}`)
    case 'index': {
      const [best] = manifestsFor(parsed.manifests, nodeArch)
      if (best === undefined) throw new Fault('not-found', `no match for platform linux/${imageArchitecture(nodeArch)} in manifest: not found`)
      const found = await findManifest(session, best.digest, { nodeArch, depth: depth + 1 })
      return { ...found, indexes: [...found.indexes, manifest.bytes] }
    }
  }
}

async function readConfig(session: ImageSession, descriptor: Descriptor): Promise<Buffer> {
  if (descriptor.sizeBytes > MAX_CONFIG_BYTES) throw new Fault('invalid', `the image config ${descriptor.digest} is far too long for one`)
  if (session.config !== undefined) return await session.config(descriptor)
  const parts: Buffer[] = []
  for await (const part of session.blob(descriptor)) parts.push(part)
  return Buffer.concat(parts)
}

function layersArchive(session: ImageSession, layers: readonly Descriptor[], { onProgress = () => {}, abandon }: RemoteOptions): Archive {
  const find = (name: string): Descriptor => {
    const found = layers.find(({ digest }) => digest === name)
    if (found === undefined) throw new Fault('invalid', `the image has no layer ${name}`)
    return found
  }
  return {
    has: async (name) => layers.some(({ digest }) => digest === name),
    sizeBytes: async (name) => find(name).sizeBytes,
    async *stream(name) {
      const layer = find(name)
      const { digest, sizeBytes: totalBytes } = layer
      let doneBytes = 0
      onProgress({ digest, doneBytes, totalBytes, state: 'pulling' })
      for await (const chunk of session.blob(layer)) {
        doneBytes += chunk.length
        onProgress({ digest, doneBytes, totalBytes, state: 'pulling' })
        yield chunk
      }
      onProgress({ digest, doneBytes, totalBytes, state: 'pulled' })
    },
    kept: (name) => session.kept?.(find(name).digest),
    again: (name, error) => session.again?.(find(name).digest, error) === true,
    isReadOnlyForMissing: true,
    layersAtOnce: LAYERS_AT_ONCE,
    abandon,
  }
}
