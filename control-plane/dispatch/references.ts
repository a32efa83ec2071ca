import type { Container, EphemeralContainer, Pod } from '../../shared/model/gen/api.ts'
import { namespaceOf, objectKey } from '../../shared/model/meta.ts'
import { claimKeysOf } from '../../shared/model/volume-claims.ts'

export const MIRROR = 'kubernetes.io/config.mirror'

/** The hash of the static pod that this one shows; nothing where it is no mirror. */
export const mirrorOf = ({ metadata }: Pod): string | undefined => metadata.annotations?.[MIRROR]

/** Keys (`namespace/name`) of what a pod's node must know to run it. */
export interface PodReferences {
  readonly configMaps: readonly string[]
  readonly secrets: readonly string[]
  /** PersistentVolumeClaims, those of ephemeral volumes too. */
  readonly claims: readonly string[]
  /** None of a mirror: what a node says that it runs has no account. */
  readonly serviceAccount: string | undefined
}

type AnyContainer = Pick<Container | EphemeralContainer, 'env' | 'envFrom'>

/** Every ConfigMap, Secret and claim the pod's spec names: environment, volumes, projections, pull secrets. */
export function referencesOf(pod: Pod): PodReferences {
  const configMaps = new Set<string>()
  const secrets = new Set<string>()
  const add = (to: Set<string>, name: string | undefined): void => {
    if (name) to.add(objectKey(namespaceOf(pod), name))
  }
  const containers: readonly AnyContainer[] = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? []), ...(pod.spec?.ephemeralContainers ?? [])]
  for (const container of containers) {
    for (const variable of container.env ?? []) {
      add(configMaps, variable.valueFrom?.configMapKeyRef?.name)
      add(secrets, variable.valueFrom?.secretKeyRef?.name)
    }
    for (const source of container.envFrom ?? []) {
      add(configMaps, source.configMapRef?.name)
      add(secrets, source.secretRef?.name)
    }
  }
  for (const volume of pod.spec?.volumes ?? []) {
    add(configMaps, volume.configMap?.name)
    add(secrets, volume.secret?.secretName)
    for (const source of volume.projected?.sources ?? []) {
      add(configMaps, source.configMap?.name)
      add(secrets, source.secret?.name)
    }
  }
  for (const secret of pod.spec?.imagePullSecrets ?? []) add(secrets, secret.name)
  return { configMaps: [...configMaps], secrets: [...secrets], claims: claimKeysOf(pod), serviceAccount: accountOf(pod) }
}

function accountOf(pod: Pod): string | undefined {
  const name = pod.spec?.serviceAccountName ?? (mirrorOf(pod) === undefined ? 'default' : undefined)
  return name === undefined ? undefined : objectKey(namespaceOf(pod), name)
}
