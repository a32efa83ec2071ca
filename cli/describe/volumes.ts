import type { Toleration, Volume, VolumeProjection } from '../../shared/model/gen/api.ts'
import type { Page } from './page.ts'

export function describeVolumes(page: Page, volumes: readonly Volume[] = [], level = 0): void {
  page.line(level, volumes.length === 0 ? 'Volumes:\t<none>' : 'Volumes:')
  for (const volume of volumes) {
    page.line(1, `${level > 0 ? ' ' : ''}${volume.name}:`)
    for (const text of volumeLines(volume)) page.line(2, text)
  }
}

function volumeLines({ hostPath, emptyDir, secret, configMap, projected, downwardAPI, persistentVolumeClaim }: Volume): readonly string[] {
  if (hostPath) return ['Type:\tHostPath (bare host directory volume)', `Path:\t${hostPath.path}`, `HostPathType:\t${hostPath.type ?? ''}`]
  if (emptyDir) return [`Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)`, `Medium:\t${emptyDir.medium ?? ''}`, `SizeLimit:\t${emptyDir.sizeLimit ?? '<unset>'}`]
  if (secret) return ['Type:\tSecret (a volume populated by a Secret)', `SecretName:\t${secret.secretName ?? ''}`, `Optional:\t${secret.optional ?? false}`]
  if (configMap) return ['Type:\tConfigMap (a volume populated by a ConfigMap)', `Name:\t${configMap.name ?? ''}`, `Optional:\t${configMap.optional ?? false}`]
  if (projected) return ['Type:\tProjected (a volume that contains injected data from multiple sources)', ...(projected.sources ?? []).flatMap(sourceLines)]
  if (downwardAPI) return ['Type:\tDownwardAPI (a volume populated by information about the pod)', 'Items:', ...(downwardAPI.items ?? []).map(({ fieldRef, path }) => `  ${fieldRef?.fieldPath ?? ''} -> ${path}`)]
  if (persistentVolumeClaim) return ['Type:\tPersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)', `ClaimName:\t${persistentVolumeClaim.claimName}`, `ReadOnly:\t${persistentVolumeClaim.readOnly ?? false}`]
  return ['<unknown>']
}

function sourceLines({ secret, configMap, downwardAPI, serviceAccountToken }: VolumeProjection): readonly string[] {
  if (secret) return [`SecretName:\t${secret.name ?? ''}`, `Optional:\t${secret.optional ?? false}`]
  if (configMap) return [`ConfigMapName:\t${configMap.name ?? ''}`, `Optional:\t${configMap.optional ?? false}`]
  if (downwardAPI) return ['DownwardAPI:\ttrue']
  return serviceAccountToken ? [`TokenExpirationSeconds:\t${serviceAccountToken.expirationSeconds ?? 3600}`] : []
}

/** `node.kubernetes.io/not-ready:NoExecute op=Exists for 300s` */
function tolerationText({ key = '', value = '', effect = '', operator = 'Equal', tolerationSeconds }: Toleration): string {
  const what = `${key}${value === '' ? '' : `=${value}`}${effect === '' ? '' : `:${effect}`}`
  const op = operator === 'Exists' && value === '' ? (key !== '' || effect !== '' ? ' op=Exists' : 'op=Exists') : ''
  return `${what}${op}${tolerationSeconds === undefined ? '' : ` for ${tolerationSeconds}s`}`
}

export function tolerationLines(page: Page, tolerations: readonly Toleration[] = []): void {
  if (tolerations.length === 0) page.line(0, 'Tolerations:\t<none>')
  const texts = tolerations.toSorted((a, b) => ((a.key ?? '') < (b.key ?? '') ? -1 : 1)).map(tolerationText)
  for (const [at, text] of texts.entries()) page.line(0, `${at === 0 ? 'Tolerations:' : ''}\t${text}`)
}
