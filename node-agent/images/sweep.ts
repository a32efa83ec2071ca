import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import { diskUse } from '../host/disk-use.ts'
import { unlessMissing } from '../host/errno.ts'
import { namesIn } from '../host/files.ts'
import type { Blobs } from './blobs.ts'
import type { BuildCache, CachedStep } from './build-cache.ts'
import { type Digest, hexOf } from './digest.ts'
import type { Lease, Leases } from './leases.ts'
import { blobsOf, type ImageRecord, type ImageRecords } from './records.ts'

export interface Swept {
  readonly blobs: number
  readonly layers: number
  /** Of builds' cache mounts. */
  readonly mounts: number
  /** Disk space they took. */
  readonly bytes: number
}

export interface SweepOptions {
  /** `ROOT/layers` */
  readonly layers: string
  readonly blobs: Blobs
  readonly leases: Leases
  readonly records: ImageRecords
  readonly cache: BuildCache
  /** The caller's own, on the same file system; what is found goes there, and with it. */
  readonly staging: string
  /** Names of cache mounts that are to go, unless somebody uses them. */
  readonly mounts?: readonly string[]
}

/**
 * Takes away blobs and layers that no image is made of, no build would take up again and nobody holds. Everything leaves by rename, so that nothing is ever there by half; a sweep that is killed leaves the rest to the next.
 */
export async function sweep({ layers, blobs, leases, records, cache, staging, mounts = [] }: SweepOptions): Promise<Swept> {
  const taken = await leases.whileNobodyTakes(async () => {
    // Leases before records: work lets go of its lease after it has written its record.
    const held = await leases.list()
    const kept = keptBy(held, await records.listImages(), await cache.list())
    const goneLayers = (await namesIn(layers)).filter((name) => !kept.layers.has(name))
    const goneBlobs = (await blobs.list()).filter((hex) => !kept.blobs.has(hex))
    for (const name of goneLayers) await unlessMissing(rename(join(layers, name), join(staging, `swept-layer-${name}`)))
    for (const hex of goneBlobs) await unlessMissing(rename(blobs.path(`sha256:${hex}` as Digest), join(staging, `swept-blob-${hex}`)))
    const inUse = mountsOf(held)
    let goneMounts = 0
    for (const name of mounts) if (!inUse.has(name) && (await cache.mounts.take(name, join(staging, `swept-mount-${name}`)))) goneMounts++
    return { layers: goneLayers.length, blobs: goneBlobs.length, mounts: goneMounts }
  })
  return { ...taken, bytes: taken.layers + taken.blobs + taken.mounts === 0 ? 0 : (await diskUse(staging)).bytes }
}

/** Cache mounts that builds use now. Pure. */
export const mountsOf = (leases: readonly Lease[]): ReadonlySet<string> => new Set(leases.flatMap(({ mounts = [] }) => mounts))

/** Names of all that images are made of or somebody holds. Pure. */
export function keptBy(leases: readonly Lease[], images: readonly ImageRecord[], steps: readonly CachedStep[] = []): { readonly layers: ReadonlySet<string>; readonly blobs: ReadonlySet<string> } {
  return {
    layers: new Set([...[...leases, ...images].flatMap(({ layers }) => layers), ...steps.flatMap(({ layer }) => layer?.folder ?? [])]),
    blobs: new Set([...leases.flatMap(({ blobs }) => blobs), ...images.flatMap(blobsOf).map(hexOf), ...steps.flatMap(({ layer }) => (layer === undefined ? [] : hexOf(layer.blob)))]),
  }
}
