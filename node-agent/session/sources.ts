import type { VolumeSources } from '../volumes/port.ts'
import type { Service } from '../../shared/model/gen/api.ts'
import { nameOf, namespaceOf, objectKey, uidOf } from '../../shared/model/meta.ts'
import type { AssignedObjects } from './assignment-store.ts'
import type { ControlPlaneLink } from './port.ts'

/** What pods are made from, answered from the assignments; tokens are asked of the control plane. */
export function assignedSources(assigned: AssignedObjects, link: ControlPlaneLink): VolumeSources & { services(): readonly Service[] } {
  return {
    configMap: (namespace, name) => assigned.configMaps.get(objectKey(namespace, name)),
    secret: (namespace, name) => assigned.secrets.get(objectKey(namespace, name)),
    services: () => [...assigned.services.values()],
    claims: {
      claim: (namespace, name) => assigned.claims.get(objectKey(namespace, name)),
      volume: (name) => assigned.volumes.get(name),
      labelsOfNode: (name) => assigned.nodes.get(name)?.metadata.labels ?? {},
    },
    serviceAccountToken: ({ pod, audience, expirationSeconds }) =>
      link.requestToken({
        pod: { namespace: namespaceOf(pod), name: nameOf(pod), uid: uidOf(pod) },
        serviceAccount: pod.spec?.serviceAccountName ?? 'default',
        audiences: audience === '' ? [] : [audience],
        expirationSeconds,
      }),
  }
}
