import type { Pod, ProjectedVolumeSource, ServiceAccountTokenProjection, VolumeProjection } from '../../shared/model/gen/api.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import { namespaceOf } from '../../shared/model/meta.ts'
import { currentFile } from './atomic-writer.ts'
import { commonUser, configMapPayload, DEFAULT_MODE, downwardPayload, type FileContent, type PayloadResult, secretPayload } from './payload.ts'
import type { VolumeSources } from './port.ts'
import type { Tokens } from './tokens.ts'

export interface ProjectedContext {
  readonly pod: Pod
  readonly sources: VolumeSources
  readonly tokens: Tokens
  readonly allocatable: Readonly<Record<string, string | number>> | undefined
  /** Where the volume is: what stands there is kept while nothing newer can be had. */
  readonly folder: string
}

/** kubelet asks for an hour where nothing is said. */
const DEFAULT_EXPIRATION_SECONDS = 3600

/** All sources in one folder; of two that name the same path the later wins. All that is missing is told at once. */
export async function projectedPayload(source: ProjectedVolumeSource, context: ProjectedContext): Promise<PayloadResult> {
  const payload = new Map<string, FileContent>()
  const problems: string[] = []
  for (const projection of source.sources ?? []) {
    const result = await onePayload(projection, source.defaultMode ?? DEFAULT_MODE, context)
    if (result.kind === 'missing') problems.push(result.message)
    else for (const [path, content] of result.payload) payload.set(path, content)
  }
  const [only = '', ...more] = problems
  if (problems.length === 0) return { kind: 'files', payload }
  // As Go prints a list of errors.
  return { kind: 'missing', message: more.length === 0 ? only : `[${problems.join(', ')}]` }
}

async function onePayload(projection: VolumeProjection, defaultMode: number, context: ProjectedContext): Promise<PayloadResult> {
  const namespace = namespaceOf(context.pod)
  const { configMap, secret, downwardAPI, serviceAccountToken } = projection
  if (configMap !== undefined) return configMapPayload(configMap.name ?? '', context.sources.configMap(namespace, configMap.name ?? ''), { items: configMap.items, optional: configMap.optional === true, defaultMode })
  if (secret !== undefined) return secretPayload(secret.name ?? '', context.sources.secret(namespace, secret.name ?? ''), { items: secret.items, optional: secret.optional === true, defaultMode })
  if (downwardAPI !== undefined) return downwardPayload(context.pod, downwardAPI.items ?? [], { defaultMode, allocatable: context.allocatable })
  if (serviceAccountToken !== undefined) return await tokenPayload(serviceAccountToken, defaultMode, context)
  return { kind: 'missing', message: `this node cannot fill a projected volume from ${Object.keys(projection).join(', ') || 'nothing'}` }
}

/** A token is for one user alone, where the pod names one, and for the pod's group. */
async function tokenPayload({ path, audience = '', expirationSeconds = DEFAULT_EXPIRATION_SECONDS }: ServiceAccountTokenProjection, defaultMode: number, { pod, sources, tokens, folder }: ProjectedContext): Promise<PayloadResult> {
  const user = commonUser(pod)
  const narrow = user !== undefined || pod.spec?.securityContext?.fsGroup !== undefined
  const file = (bytes: Uint8Array): PayloadResult => ({ kind: 'files', payload: new Map([[path, { bytes, mode: narrow ? 0o600 : defaultMode, ...(user === undefined ? {} : { uid: user }) }]]) })
  try {
    return file(Buffer.from(await tokens.get(pod, sources, { audience, expirationSeconds })))
  } catch (error) {
    // After a restart of the agent, with the control plane away: the pod keeps the token it has.
    const former = await currentFile(folder, path)
    return former === undefined ? { kind: 'missing', message: `failed to fetch token: ${messageOf(error)}` } : file(former)
  }
}
