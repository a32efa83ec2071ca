import type { Volume } from '../../shared/model/gen/api.ts'
import type { ImageStore } from '../images/port.ts'
import { pullSecretsOf } from './pull-secrets.ts'
import { containerId } from './record.ts'
import type { StepContext } from './step-context.ts'
import { events } from './words.ts'

/** The files of an image, shown as a volume: a snapshot of its own, to which nobody writes. Removed with the pod. */
export const imageVolumeKey = (podUid: string, volume: string): string => containerId(podUid, `volume ${volume}`, 0)

export const imageVolumesOf = (context: Pick<StepContext, 'pod'>): readonly Volume[] => (context.pod.spec?.volumes ?? []).filter(({ image }) => image !== undefined)

export type ImageVolumes = { readonly kind: 'ready'; readonly paths: Readonly<Record<string, string>> } | { readonly kind: 'waiting'; readonly message: string }

/** Finds or pulls the images of a pod's volumes and shows their files. What is shown stays as it is while the pod lives, whatever becomes of the name. */
export async function prepareImageVolumes(context: StepContext): Promise<ImageVolumes> {
  const { pod, parts, record } = context
  const known = record.volumes.kind === 'ready' ? record.volumes.paths : {}
  const paths: Record<string, string> = {}
  for (const { name, image } of imageVolumesOf(context)) {
    if (image === undefined) continue
    // Overlayfs cannot be shown with other owners once it is mounted.
    if (pod.spec?.hostUsers === false) return { kind: 'waiting', message: `volume "${name}": this node shows no image as a volume of a pod with users of its own` }
    const found = known[name]
    const result = found === undefined ? await ensure(context, image.reference ?? '', image.pullPolicy) : undefined
    if (result?.kind === 'refused') return { kind: 'waiting', message: `failed to get image "${image.reference ?? ''}" of volume "${name}": ${result.reason}: ${result.message}` }
    paths[name] = result === undefined ? (found ?? '') : (await parts.snapshots.prepare(imageVolumeKey(pod.metadata.uid ?? '', name), result.image.layers)).rootfs
  }
  return { kind: 'ready', paths }
}

async function ensure({ pod, parts, signal, emit }: StepContext, reference: string, given: string | undefined): ReturnType<ImageStore['ensure']> {
  const policy = given === 'Always' || given === 'Never' ? given : 'IfNotPresent'
  const { logins } = pullSecretsOf(pod, (namespace, secret) => parts.sources.secret(namespace, secret))
  const result = await parts.images.ensure(reference, policy, { signal, logins, onPulling: () => emit(events.pullingVolume(reference)) })
  if (result.kind === 'refused') emit(events.pullVolumeFailed(reference, result.message))
  else if (result.pulled !== false) emit(events.pulledVolume(reference, { ...result.pulled, sizeBytes: result.image.sizeBytes }))
  return result
}

/** Takes away what was shown. */
export async function removeImageVolumes(context: Pick<StepContext, 'pod' | 'parts'>): Promise<void> {
  await Promise.all(imageVolumesOf(context).map(({ name }) => context.parts.snapshots.remove(imageVolumeKey(context.pod.metadata.uid ?? '', name))))
}
