import type { Pod } from '../../shared/model/gen/api.ts'
import { claimNameOf } from '../../shared/model/volume-claims.ts'
import { namespaceOf, uidOf } from '../../shared/model/meta.ts'
import { usedVolumes, volumeBehind } from './claims.ts'
import { configMapPayload, DEFAULT_MODE, downwardPayload, type Payload, type PayloadResult, secretPayload } from './payload.ts'
import type { PrepareResult, VolumeSources, Volumes } from './port.ts'
import { notMounted } from './waiting.ts'

export interface FakeVolumes extends Volumes {
  /** Files by volume name, as the pod would see them. */
  contents(podUid: string): ReadonlyMap<string, Payload>
}

/** Volumes in memory: the same waiting words, no files. Tokens are not asked for. */
export function fakeVolumes(root = '/fake/pods'): FakeVolumes {
  const pods = new Map<string, Map<string, Payload>>()
  return {
    contents: (podUid) => pods.get(podUid) ?? new Map<string, Payload>(),
    async prepare(pod, sources): Promise<PrepareResult> {
      const uid = uidOf(pod)
      const volumes = pods.get(uid) ?? new Map<string, Payload>()
      pods.set(uid, volumes)
      const paths: Record<string, string> = {}
      for (const volume of pod.spec?.volumes ?? []) {
        if (claimNameOf(pod, volume) !== undefined) {
          if (!usedVolumes(pod).mounts.has(volume.name)) continue
          const found = volumeBehind(pod, volume, sources.claims)
          if (found.kind === 'unprocessed') return { kind: 'waiting', message: notMounted([volume.name], new Map([[volume.name, found.message]])).join('') }
        }
        const result = payloadOf(pod, volume, sources)
        if (result.kind === 'missing') return { kind: 'waiting', message: `MountVolume.SetUp failed for volume "${volume.name}" : ${result.message}` }
        volumes.set(volume.name, result.payload)
        paths[volume.name] = volume.hostPath?.path ?? `${root}/${uid}/volumes/${volume.name}`
      }
      return { kind: 'ready', paths }
    },
    async remove(podUid) {
      pods.delete(podUid)
    },
    list: async () => [...pods.keys()],
    podFolder: (podUid) => `${root}/${podUid}`,
  }
}

type PodVolume = NonNullable<NonNullable<Pod['spec']>['volumes']>[number]

function payloadOf(pod: Pod, { configMap, secret, downwardAPI }: PodVolume, sources: VolumeSources): PayloadResult {
  const namespace = namespaceOf(pod)
  if (configMap !== undefined) return configMapPayload(configMap.name ?? '', sources.configMap(namespace, configMap.name ?? ''), { items: configMap.items, optional: configMap.optional === true, defaultMode: DEFAULT_MODE })
  if (secret !== undefined) return secretPayload(secret.secretName ?? '', sources.secret(namespace, secret.secretName ?? ''), { items: secret.items, optional: secret.optional === true, defaultMode: DEFAULT_MODE })
  if (downwardAPI !== undefined) return downwardPayload(pod, downwardAPI.items ?? [], { defaultMode: DEFAULT_MODE })
  return { kind: 'files', payload: new Map() }
}
