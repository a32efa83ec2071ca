import type { ConfigMap, PersistentVolume, PersistentVolumeClaim, Pod, Secret } from '../../shared/model/gen/api.ts'

/** What a pod's volumes are filled from: answered from the assignments, tokens by a call to the control plane. */
export interface VolumeSources {
  configMap(namespace: string, name: string): ConfigMap | undefined
  secret(namespace: string, name: string): Secret | undefined
  /** Absent: no claim is known. */
  readonly claims?: ClaimSources
  serviceAccountToken(request: { readonly pod: Pod; readonly audience: string; readonly expirationSeconds: number }): Promise<{ readonly token: string; readonly expiresMs: number }>
}

/** What stands behind a pod's claims, as the control plane tells its node. */
export interface ClaimSources {
  claim(namespace: string, name: string): PersistentVolumeClaim | undefined
  volume(name: string): PersistentVolume | undefined
  /** Of this node, by its name: a volume may be there for others alone. */
  labelsOfNode(name: string): Readonly<Record<string, string>>
}

export type PrepareResult =
  /** Host path per volume name. */
  | { readonly kind: 'ready'; readonly paths: Readonly<Record<string, string>> }
  /** As kubelet's FailedMount words it: `configmap "x" not found`. */
  | { readonly kind: 'waiting'; readonly message: string; /** Of the other volumes that wait. */ readonly more?: readonly string[] }

export interface Volumes {
  /** Makes and fills all volumes of the pod, or brings them up to date (files are swapped atomically). Idempotent. */
  prepare(pod: Pod, sources: VolumeSources): Promise<PrepareResult>
  /** Unmounts and deletes what is the pod's. Removing what is not there is no error. */
  remove(podUid: string): Promise<void>
  /** Pod uids that have volumes, for the collector. */
  list(): Promise<readonly string[]>
  /** Where the pod's own files live (hosts, resolv.conf, termination logs, volumes). */
  podFolder(podUid: string): string
}
