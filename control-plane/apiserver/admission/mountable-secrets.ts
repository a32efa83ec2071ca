/** Accounts that say so let their pods use only the secrets they list (deprecated, still obeyed). */
import type { Pod, ServiceAccount } from '../../../shared/model/gen/api.ts'
import type { AdmissionRequest } from './plugin.ts'
import { forbid } from './refuse.ts'

const ENFORCED = 'kubernetes.io/enforce-mountable-secrets'

/** Throws a 403. */
export function checkMountableSecrets(request: AdmissionRequest, pod: Pod, account: ServiceAccount): void {
  if (account.metadata.annotations?.[ENFORCED] !== 'true') return
  const name = account.metadata.name ?? ''
  const secrets = new Set((account.secrets ?? []).map((secret) => secret.name))
  const because = `is not allowed because service account ${name} does not reference that`
  for (const { secret } of pod.spec?.volumes ?? []) {
    if (secret && !secrets.has(secret.secretName)) throw forbid(request, `volume with secret.secretName=${JSON.stringify(secret.secretName ?? '')} ${because} secret`)
  }
  const groups = [['init container', pod.spec?.initContainers ?? []] as const, ['container', pod.spec?.containers ?? []] as const]
  for (const [what, containers] of groups) {
    for (const container of containers) {
      for (const { name: variable, valueFrom } of container.env ?? []) {
        const secret = valueFrom?.secretKeyRef?.name
        if (secret !== undefined && !secrets.has(secret)) throw forbid(request, `${what} ${container.name} with envVar ${variable} referencing secret.secretName=${JSON.stringify(secret)} ${because} secret`)
      }
    }
  }
  const pullSecrets = new Set((account.imagePullSecrets ?? []).map((secret) => secret.name))
  for (const [index, { name: secret }] of (pod.spec?.imagePullSecrets ?? []).entries()) {
    if (!pullSecrets.has(secret)) throw forbid(request, `imagePullSecrets[${index}].name=${JSON.stringify(secret)} ${because} imagePullSecret`)
  }
}
