import type { Pod } from '../../shared/model/gen/api.ts'
import { claimKeysOf } from '../../shared/model/volume-claims.ts'
import type { SourceKind } from './port.ts'

/** Whether a pod uses a ConfigMap or Secret (`namespace/name`), in its volumes, its variables or for its images; or a claim. A PersistentVolume may be that of any claim. Pure. */
export function usesSource(pod: Pod, kind: SourceKind, key: string): boolean {
  if (kind === 'PersistentVolumeClaim') return claimKeysOf(pod).includes(key)
  if (kind === 'PersistentVolume') return claimKeysOf(pod).length > 0
  const namespace = pod.metadata.namespace ?? ''
  if (!key.startsWith(`${namespace}/`)) return false
  return sourceNames(pod, kind).has(key.slice(namespace.length + 1))
}

function sourceNames(pod: Pod, kind: 'ConfigMap' | 'Secret'): ReadonlySet<string> {
  const names = new Set<string | undefined>()
  const isMap = kind === 'ConfigMap'
  for (const volume of pod.spec?.volumes ?? []) {
    names.add(isMap ? volume.configMap?.name : volume.secret?.secretName)
    for (const source of volume.projected?.sources ?? []) names.add(isMap ? source.configMap?.name : source.secret?.name)
  }
  for (const container of [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? []), ...(pod.spec?.ephemeralContainers ?? [])]) {
    for (const from of container.envFrom ?? []) names.add(isMap ? from.configMapRef?.name : from.secretRef?.name)
    for (const one of container.env ?? []) names.add(isMap ? one.valueFrom?.configMapKeyRef?.name : one.valueFrom?.secretKeyRef?.name)
  }
  if (!isMap) for (const secret of pod.spec?.imagePullSecrets ?? []) names.add(secret.name)
  names.delete(undefined)
  return names as ReadonlySet<string>
}
