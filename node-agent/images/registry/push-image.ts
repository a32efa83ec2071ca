import { gate } from '../../../shared/kit/gate.ts'
import { parseJson } from '../archive.ts'
import { digestOf } from '../digest.ts'
import type { Reference } from '../reference.ts'
import type { BlobSource, Descriptor, ManifestBytes, RegistryClient, RegistryLogin } from './port.ts'

export interface PushRequest {
  readonly reference: Reference
  readonly manifest: Pick<ManifestBytes, 'mediaType' | 'bytes'>
  /** The config and the layers. */
  readonly blobs: readonly BlobSource[]
  readonly logins: readonly RegistryLogin[]
  readonly onProgress?: (progress: PushProgress) => void
}

export interface PushProgress {
  readonly digest: string
  readonly doneBytes: number
  readonly totalBytes: number
  readonly state: 'pushing' | 'pushed' | 'mounted' | 'exists'
}

const BLOBS_AT_ONCE = 4

/** Brings what is missing to the registry, and the manifest last: nobody there finds a name that leads nowhere. Throws as {@link RegistryClient} does. */
export async function pushImage(client: RegistryClient, { reference, manifest, blobs, logins, onProgress = () => {} }: PushRequest, signal: AbortSignal): Promise<Descriptor> {
  // A manifest that nobody could read again is not worth the bytes.
  parseJson(manifest.bytes, 'the manifest')
  const ended = new AbortController()
  const session = client.open(reference.repository, { logins, actions: 'pull,push', signal: AbortSignal.any([signal, ended.signal]) })
  const { run } = gate(BLOBS_AT_ONCE)
  const pushOne = async (blob: BlobSource): Promise<void> => {
    const { digest, sizeBytes: totalBytes } = blob
    let doneBytes = 0
    const state = await session.pushBlob(blob, (count) => onProgress({ digest, doneBytes: (doneBytes += count), totalBytes, state: 'pushing' }))
    onProgress({ digest, doneBytes: totalBytes, totalBytes, state })
  }
  const unique = [...new Map(blobs.map((blob) => [blob.digest, blob])).values()]
  try {
    await Promise.all(unique.map((blob) => run(() => pushOne(blob))))
    const digest = digestOf(manifest.bytes)
    await session.pushManifest(reference.digest ?? reference.tag ?? digest, manifest)
    return { mediaType: manifest.mediaType, digest, sizeBytes: manifest.bytes.length }
  } finally {
    ended.abort(new Error('another part of the push failed'))
  }
}
