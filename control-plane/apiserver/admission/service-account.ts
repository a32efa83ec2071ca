import { nameSuffix } from '../../../shared/kit/ids.ts'
import { sleep } from '../../../shared/kit/clock.ts'
import type { Container, Pod, PodSpec, ServiceAccount, Volume } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { checkMountableSecrets } from './mountable-secrets.ts'
import { refersToSecrets } from './api-references.ts'
import { isCore, type AdmissionPlugin, type AdmissionRequest } from './plugin.ts'
import { forbid } from './refuse.ts'
import { findObject, serviceAccountsResource, type AdmissionSources } from './sources.ts'

const DEFAULT = 'default'
const VOLUME_PREFIX = 'kube-api-access-'
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const MIRROR = 'kubernetes.io/config.mirror'
/** A little over an hour, so that the kubelet renews before an hour is over. */
const TOKEN_SECONDS = 3607

/** The default account of a new namespace is made by a controller: it may be a moment late. */
const DEFAULT_TRIES = 10
const TRY_AFTER_MS = 100

/** Gives every pod its account, the token of it, and the pull secrets that the account names. */
export function serviceAccount(sources: AdmissionSources): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    resources: ['/pods'],
    async mutate(request) {
      if (request.operation !== 'CREATE' || !isCore(request, 'pods') || request.subresource !== '') return request.object
      const pod = request.object as unknown as Pod
      if (pod.metadata.annotations?.[MIRROR] !== undefined) return mirrorPod(request, pod)
      const name = pod.spec?.serviceAccountName || DEFAULT
      const account = await accountOf(sources, request, name)
      checkMountableSecrets(request, pod, account)
      const spec: PodSpec = { ...(pod.spec ?? { containers: [] }), serviceAccountName: name, serviceAccount: name }
      const mounted = wantsToken(account, spec) ? withToken(sources, spec) : spec
      return { ...pod, spec: withPullSecrets(account, mounted) } as unknown as JsonObject
    },
  }
}

/** A pod that a node tells of is its own: it gets no account. */
function mirrorPod(request: AdmissionRequest, pod: Pod): JsonObject {
  if (pod.spec?.serviceAccountName) throw forbid(request, 'a mirror pod may not reference service accounts')
  if (refersToSecrets(pod)) throw forbid(request, 'a mirror pod may not reference secrets')
  if (pod.spec?.volumes?.some(({ projected }) => projected?.sources?.some((source) => source.serviceAccountToken))) throw forbid(request, 'a mirror pod may not use ServiceAccountToken volume projections')
  return request.object
}

async function accountOf(sources: AdmissionSources, request: AdmissionRequest, name: string): Promise<ServiceAccount> {
  const { namespace, call } = request
  const tries = name === DEFAULT ? DEFAULT_TRIES : 1
  for (let attempt = 0; attempt < tries; attempt++) {
    if (attempt > 0) await sleep(sources.clock, TRY_AFTER_MS, call.signal)
    const found = await findObject(sources, serviceAccountsResource, { namespace, name, signal: call.signal })
    if (found) return found as unknown as ServiceAccount
  }
  throw forbid(request, `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`)
}

const wantsToken = (account: ServiceAccount, spec: PodSpec): boolean => spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true

function withToken({ random }: AdmissionSources, spec: PodSpec): PodSpec {
  const there = spec.volumes?.find((volume) => volume.name.startsWith(VOLUME_PREFIX))?.name
  const volumeName = there ?? `${VOLUME_PREFIX}${nameSuffix(random)}`
  const containers = (spec.containers ?? []).map((container) => mounting(container, volumeName))
  const initContainers = spec.initContainers?.map((container) => mounting(container, volumeName))
  const changed = containers.some((one, index) => one !== spec.containers[index]) || (initContainers?.some((one, index) => one !== spec.initContainers?.[index]) ?? false)
  if (!changed) return spec
  const volumes = there === undefined ? [...(spec.volumes ?? []), tokenVolume(volumeName)] : spec.volumes
  return { ...spec, ...(volumes && { volumes }), containers, ...(initContainers && { initContainers }) }
}

/** A container that mounts something of its own there keeps it. */
function mounting(container: Container, volumeName: string): Container {
  const mounts = container.volumeMounts ?? []
  if (mounts.some((mount) => mount.mountPath === MOUNT_PATH)) return container
  return { ...container, volumeMounts: [...mounts, { name: volumeName, readOnly: true, mountPath: MOUNT_PATH }] }
}

const tokenVolume = (name: string): Volume => ({
  name,
  projected: {
    sources: [
      { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
      { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
    ],
    defaultMode: 0o644,
  },
})

function withPullSecrets({ imagePullSecrets: given }: ServiceAccount, spec: PodSpec): PodSpec {
  if ((spec.imagePullSecrets?.length ?? 0) > 0 || !given || given.length === 0) return spec
  return { ...spec, imagePullSecrets: given.map(({ name }) => ({ name: name ?? '' })) }
}
