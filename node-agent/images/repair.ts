import { rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { unlessMissing } from '../host/errno.ts'
import type { Archive } from './archive.ts'
import type { Blobs } from './blobs.ts'
import type { Damage } from './check.ts'
import type { Digest } from './digest.ts'
import { ensureLayers, type LayerStoreOptions } from './layers.ts'
import type { Lease } from './leases.ts'
import type { ImageRecord } from './records.ts'

/** What became of a damage, and what a person is to do about it. */
export interface Judged extends Damage {
  readonly isRepaired: boolean
  readonly advice: string
}

export interface RepairOptions extends LayerStoreOptions {
  /** Those that hold now. */
  readonly leases: readonly Lease[]
}

const BRING_AGAIN = 'bring the image again: pull it, or import its archive'

export const advise = (damage: Damage, { isRepaired, advice }: Pick<Judged, 'isRepaired' | 'advice'>): Judged => ({ ...damage, isRepaired, advice })

/** What can be done without changing anything: to say what would help. Pure. */
export const judge = (damage: readonly Damage[]): readonly Judged[] => {
  const badBlobs = damage.some(({ kind }) => kind === 'blob')
  return damage.map((one) => advise(one, { isRepaired: false, advice: one.kind === 'blob' || badBlobs ? BRING_AGAIN : 'run "gantry image check --repair": the kept copy is whole' }))
}

/** Unpacks damaged layers anew from bytes that are whole, unless containers stand on them; takes damaged bytes away, so that the next pull or import brings them. */
export async function repairImage(record: ImageRecord, damage: readonly Damage[], options: RepairOptions): Promise<readonly Judged[]> {
  const { content } = record
  const badBlobs = damage.filter(({ kind }) => kind === 'blob')
  if (content === undefined || damage.length === 0) return judge(damage)
  for (const { digest } of badBlobs) await unlessMissing(unlink(options.blobs.path(digest as Digest)))
  if (badBlobs.length > 0) return judge(damage)
  const names = content.layers.flatMap(({ diffId }, at) => (damage.some(({ digest }) => digest === diffId) ? [record.layers[at] ?? ''] : []))
  const inUse = names.filter((name) => options.leases.some(({ kind, layers }) => kind === 'container' && layers.includes(name)))
  if (inUse.length > 0) return damage.map((one) => advise(one, { isRepaired: false, advice: 'containers stand on this layer: delete their pods, then run "gantry image check --repair" again' }))
  for (const name of names) await unlessMissing(rename(join(options.folder, name), join(options.staging, `damaged-${name}`)))
  await ensureLayers(ownArchive(options.blobs), content.layers.map(({ blob, diffId, mediaType }) => ({ name: blob, blobDigest: blob, diffId, mediaType })), options)
  return damage.map((one) => advise(one, { isRepaired: true, advice: 'it was unpacked anew' }))
}

/** The store's own blobs, named by digest. */
const ownArchive = (blobs: Blobs): Archive => ({
  has: async (name) => (await blobs.sizeBytes(name as Digest)) !== undefined,
  stream: (name) => blobs.stream(name as Digest),
  sizeBytes: async (name) => (await blobs.sizeBytes(name as Digest)) ?? 0,
  isReadOnlyForMissing: true,
})
