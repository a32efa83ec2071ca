/** What of the cluster a pod refers to. Rule: a pod that its node alone runs may refer to nothing. */
import type { Pod, Volume } from '../../../shared/model/gen/api.ts'
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'

/** What each member of a spec refers to, wherever it stands. */
const SECRETS: readonly string[] = ['secret', 'secretKeyRef', 'secretRef', 'nodePublishSecretRef', 'azureFile']
const CONFIG_MAPS: readonly string[] = ['configMap', 'configMapKeyRef', 'configMapRef']

export const refersToSecrets = (pod: Pod): boolean => (pod.spec?.imagePullSecrets ?? []).length > 0 || holds(partsOf(pod), SECRETS)

/** The first kind of objects that a pod refers to: through a mirror its node would get at them. In Kubernetes' order and words. */
export function referredBy(pod: Pod): string | undefined {
  const { serviceAccountName, resourceClaims = [], volumes = [] } = pod.spec ?? {}
  if (serviceAccountName) return 'serviceaccounts'
  if (refersToSecrets(pod)) return 'secrets'
  if (holds(partsOf(pod), CONFIG_MAPS)) return 'configmaps'
  if (resourceClaims.length > 0) return 'resourceclaims'
  return volumes.flatMap((volume) => referredByVolume(volume) ?? [])[0]
}

function referredByVolume({ csi, glusterfs, persistentVolumeClaim, ephemeral, projected }: Volume): string | undefined {
  if (csi) return 'csidrivers (via CSI volumes)'
  if (glusterfs) return 'endpoints (via glusterFS volumes)'
  if (persistentVolumeClaim) return 'persistentvolumeclaims'
  if (ephemeral) return 'persistentvolumeclaims (via ephemeral volumes)'
  for (const source of projected?.sources ?? []) {
    if (source.serviceAccountToken) return 'serviceaccounts (via projected volumes)'
    if (source.clusterTrustBundle) return 'clustertrustbundles'
    if (source.podCertificate) return 'podcertificates'
  }
  return undefined
}

function partsOf({ spec }: Pod): JsonObject {
  const { initContainers, containers, ephemeralContainers, volumes } = spec ?? {}
  return { initContainers, containers, ephemeralContainers, volumes } as unknown as JsonObject
}

const holds = (value: Json | undefined, members: readonly string[]): boolean =>
  Array.isArray(value) ? (value as readonly Json[]).some((item) => holds(item, members)) : isJsonObject(value) && Object.entries(value).some(([name, member]) => (members.includes(name) && isJsonObject(member)) || holds(member, members))
