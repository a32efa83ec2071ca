import type { Container, Pod, Volume } from '../../shared/model/gen/api.ts'
import type { PodRecord } from './record.ts'

/** The volumes of a pod that show the files of an image. Pure. */
export const imageVolumesOf = (pod: Pod): readonly Volume[] => (pod.spec?.volumes ?? []).filter(({ image }) => image !== undefined)

/** Those that a container mounts and for which no image was found yet. Pure. */
export function missingImageVolumes(pod: Pod, record: PodRecord, { volumeMounts = [] }: Pick<Container, 'volumeMounts'>): readonly Volume[] {
  const known = { ...(record.volumes.kind === 'ready' ? record.volumes.paths : {}), ...record.imageVolumes }
  const mounted = new Set(volumeMounts.map(({ name }) => name))
  return imageVolumesOf(pod).filter(({ name }) => mounted.has(name) && !Object.hasOwn(known, name))
}
