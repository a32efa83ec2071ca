import type { ConfigMap, DownwardAPIVolumeFile, KeyToPath, Pod, Secret } from '../../shared/model/gen/api.ts'
import { fieldValue, resourceValue } from '../../shared/model/downward.ts'

/** The files of a volume that is filled from objects, and what stands in the way of them. Pure but for Buffer. */
export interface FileContent {
  readonly bytes: Uint8Array
  /** Permission bits. */
  readonly mode: number
  /** Owner, where it is not root. */
  readonly uid?: number
}

/** By path inside the volume. */
export type Payload = ReadonlyMap<string, FileContent>

export type PayloadResult = { readonly kind: 'files'; readonly payload: Payload } | /** As kubelet words it. */ { readonly kind: 'missing'; readonly message: string }

export interface KeySelection {
  readonly items: readonly KeyToPath[] | undefined
  readonly optional: boolean
  readonly defaultMode: number
}

/** Kubernetes' default of every `defaultMode`. */
export const DEFAULT_MODE = 0o644

const files = (payload: Payload): PayloadResult => ({ kind: 'files', payload })
const missing = (message: string): PayloadResult => ({ kind: 'missing', message })

export function configMapPayload(name: string, configMap: ConfigMap | undefined, selection: KeySelection): PayloadResult {
  if (configMap === undefined) return selection.optional ? files(new Map()) : missing(`configmap "${name}" not found`)
  const text = Object.entries(configMap.data ?? {}).map(([key, value]) => [key, Buffer.from(value)] as const)
  const binary = Object.entries(configMap.binaryData ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')] as const)
  return selectKeys(new Map([...text, ...binary]), selection, 'configmap references non-existent config key')
}

export function secretPayload(name: string, secret: Secret | undefined, selection: KeySelection): PayloadResult {
  if (secret === undefined) return selection.optional ? files(new Map()) : missing(`secret "${name}" not found`)
  return selectKeys(new Map(Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, 'base64')])), selection, 'references non-existent secret key')
}

function selectKeys(values: ReadonlyMap<string, Uint8Array>, { items, optional, defaultMode }: KeySelection, complaint: string): PayloadResult {
  if (items === undefined || items.length === 0) return files(new Map([...values].map(([key, bytes]) => [key, { bytes, mode: defaultMode }])))
  const payload = new Map<string, FileContent>()
  for (const { key, path, mode } of items) {
    const bytes = values.get(key)
    if (bytes !== undefined) payload.set(path, { bytes, mode: mode ?? defaultMode })
    else if (!optional) return missing(`${complaint}: ${key}`)
  }
  return files(payload)
}

export interface DownwardOptions {
  readonly defaultMode: number
  readonly allocatable?: Readonly<Record<string, string | number>> | undefined
}

export function downwardPayload(pod: Pod, items: readonly DownwardAPIVolumeFile[], { defaultMode, allocatable }: DownwardOptions): PayloadResult {
  const payload = new Map<string, FileContent>()
  for (const { path, mode, fieldRef, resourceFieldRef } of items) {
    const value = fieldRef !== undefined ? fieldValue(pod, fieldRef.fieldPath) : resourceFieldRef !== undefined ? resourceValue(pod, resourceFieldRef, { allocatable }) : undefined
    if (value === undefined) return missing(fieldRef === undefined ? `unsupported container resource: ${resourceFieldRef?.resource ?? ''}` : `unsupported fieldPath: ${fieldRef.fieldPath}`)
    payload.set(path, { bytes: Buffer.from(value), mode: mode ?? defaultMode })
  }
  return files(payload)
}

/** The user all containers run as, where they agree: whose token files are. */
export function commonUser(pod: Pod): number | undefined {
  const podUser = pod.spec?.securityContext?.runAsUser
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]
  const users = new Set(containers.map(({ securityContext }) => securityContext?.runAsUser ?? podUser))
  const [user] = users
  return users.size === 1 ? user : undefined
}
