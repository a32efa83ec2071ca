import type { Volume } from '../../shared/model/gen/api.ts'
import type { ImageStore } from '../images/port.ts'
import { pullSecretsOf } from './pull-secrets.ts'
import { containerId } from './record.ts'
import type { StepContext } from './step-context.ts'
import { imageVolumesOf } from './volumes-of-images.ts'
import { events } from './words.ts'

/** The files of an image, shown as a volume: a snapshot of its own, to which nobody writes. Removed with the pod. */
export const imageVolumeKey = (podUid: string, volume: string): string => containerId(podUid, `volume ${volume}`, 0)

export type VolumeImages =
  /** The image (by its config) of each volume. */
  | { readonly kind: 'found'; readonly images: Readonly<Record<string, string>> }
  | { readonly kind: 'refused'; readonly reference: string; readonly reason: 'ErrImagePull' | 'ErrImageNeverPull' | 'InvalidImageName'; readonly message: string }

/** Finds or pulls the images of these volumes. What a volume shows stays as it is while the pod lives, whatever becomes of the name. */
export async function findVolumeImages(context: StepContext, volumes: readonly Volume[]): Promise<VolumeImages> {
  const found: Record<string, string> = {}
  for (const { name, image } of volumes) {
    const reference = image?.reference ?? ''
    const result = await ensure(context, reference, image?.pullPolicy)
    if (result.kind === 'refused') return { kind: 'refused', reference, reason: result.reason, message: result.message }
    found[name] = result.image.id
  }
  return { kind: 'found', images: found }
}

async function ensure({ pod, parts, signal, emit }: StepContext, reference: string, given: string | undefined): ReturnType<ImageStore['ensure']> {
  const policy = given === 'Always' || given === 'Never' ? given : 'IfNotPresent'
  const { logins } = pullSecretsOf(pod, (namespace, secret) => parts.sources.secret(namespace, secret))
  const result = await parts.images.ensure(reference, policy, { signal, logins, onPulling: () => emit(events.pulling(undefined, reference)) })
  if (result.kind === 'present') emit(result.pulled === false ? events.pulled(undefined, reference) : events.pulledNow(undefined, reference, { ...result.pulled, sizeBytes: result.image.sizeBytes }))
  return result
}

/** Shows the files of a volume's image, to the users of the pod as their own where it has some. Undefined where the image is not here any more. */
export async function showImageVolume({ pod, parts, record }: Pick<StepContext, 'pod' | 'parts' | 'record'>, volume: string): Promise<string | undefined> {
  const image = await parts.images.find(record.imageVolumes?.[volume] ?? '')
  if (image === undefined) return undefined
  const users = record.sandbox.kind === 'ready' ? record.sandbox.users : undefined
  return (await parts.snapshots.prepare(imageVolumeKey(pod.metadata.uid ?? '', volume), image.layers, { ownersPath: users?.ownersPath })).rootfs
}

/** Takes away what was shown. */
export async function removeImageVolumes(context: Pick<StepContext, 'pod' | 'parts'>): Promise<void> {
  await Promise.all(imageVolumesOf(context.pod).map(({ name }) => context.parts.snapshots.remove(imageVolumeKey(context.pod.metadata.uid ?? '', name))))
}
