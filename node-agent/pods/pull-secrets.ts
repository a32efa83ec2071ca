import type { Pod, Secret } from '../../shared/model/gen/api.ts'
import { namespaceOf } from '../../shared/model/meta.ts'
import { loginsOf } from '../images/registry/logins.ts'
import type { RegistryLogin } from '../images/registry/port.ts'
import { decodeBase64Text } from './base64-text.ts'

export interface PullSecrets {
  readonly logins: readonly RegistryLogin[]
  /** Names of Secrets the pod means that are not known here. */
  readonly missing: readonly string[]
}

/** The keys in which Secrets of these types keep a docker config. */
const KEYS: Readonly<Record<string, string>> = { 'kubernetes.io/dockerconfigjson': '.dockerconfigjson', 'kubernetes.io/dockercfg': '.dockercfg' }

/**
 * The logins of a pod's `imagePullSecrets` (those of its service account were written into the pod when it was made), in their order. As with kubelet a Secret
 * of another type counts for nothing. Pure.
 */
export function pullSecretsOf(pod: Pod, secret: (namespace: string, name: string) => Secret | undefined): PullSecrets {
  const namespace = namespaceOf(pod)
  const logins: RegistryLogin[] = []
  const missing: string[] = []
  for (const name of new Set((pod.spec?.imagePullSecrets ?? []).flatMap((one) => one.name || []))) {
    const found = secret(namespace, name)
    if (found === undefined) missing.push(name)
    else logins.push(...loginsOf(configOf(found), { namespace, name, uid: found.metadata?.uid ?? '' }))
  }
  return { logins, missing }
}

function configOf(secret: Secret): unknown {
  const encoded = secret.data?.[KEYS[secret.type ?? ''] ?? '']
  try {
    return encoded === undefined ? undefined : (JSON.parse(decodeBase64Text(encoded)) as unknown)
  } catch {
    return undefined
  }
}
