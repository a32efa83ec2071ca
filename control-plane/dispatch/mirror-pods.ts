/** Mirrors of the pods that a node runs by files of its own: shown in the API, run whatever becomes of them there. */
import { isApiError } from '../../shared/kit/api-error.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { keyOf, nameOf, namespaceOf, uidOf } from '../../shared/model/meta.ts'
import { nodes, pods } from '../../shared/model/resources.ts'
import type { ApiClient } from '../client/port.ts'
import { MIRROR, mirrorOf, referencesOf } from './references.ts'

const HASH = 'kubernetes.io/config.hash'

export interface MirrorOptions {
  readonly client: ApiClient
  readonly log: Log
}

/** Brings the mirrors of a node up to date with what it says that it runs. */
export async function mirrorStaticPods({ client, log }: MirrorOptions, nodeName: string, said: readonly Pod[]): Promise<void> {
  const node = await client.get(nodes, { name: nodeName })
  const wanted = said.filter((pod) => {
    if (!isAlone(pod)) log.warn({ node: nodeName, pod: keyOf(pod) }, 'a pod of a file may name no secret, config map, claim or account: it is not shown')
    return isAlone(pod) && pod.metadata.annotations?.[HASH] !== undefined
  })
  const keys = new Set(wanted.map(keyOf))
  const { items } = await client.list(pods, { fieldSelector: `spec.nodeName=${nodeName}` })
  for (const pod of items) if (mirrorOf(pod) !== undefined && !keys.has(keyOf(pod))) await remove(client, pod)
  for (const pod of wanted) await bringUp(client, mirror(pod, node)).catch((error: unknown) => log.warn({ node: nodeName, pod: keyOf(pod), err: messageOf(error) }, 'the mirror of a static pod cannot be made'))
}

/** Whether it needs nothing of the cluster: through a mirror its node would get at it. */
function isAlone(pod: Pod): boolean {
  const { configMaps, secrets, claims } = referencesOf(pod)
  const { serviceAccountName, resourceClaims = [] } = pod.spec ?? {}
  return configMaps.length + secrets.length + claims.length + resourceClaims.length === 0 && serviceAccountName === undefined
}

async function bringUp(client: ApiClient, wanted: Pod): Promise<void> {
  const current = await find(client, wanted)
  if (current !== undefined) {
    // What is another node's stays its own, whatever this one says.
    if (mirrorOf(current) === undefined || current.spec?.nodeName !== wanted.spec?.nodeName) return
    if (mirrorOf(current) === mirrorOf(wanted) && current.metadata.deletionTimestamp === undefined) return
    await remove(client, current)
  }
  await client.create(pods, wanted, { fieldManager: 'gantry-agent' })
}

async function find(client: ApiClient, pod: Pod): Promise<Pod | undefined> {
  try {
    return await client.get(pods, { namespace: namespaceOf(pod), name: nameOf(pod) })
  } catch (error) {
    if (isApiError(error, 'NotFound')) return undefined
    throw error
  }
}

async function remove(client: ApiClient, pod: Pod): Promise<void> {
  try {
    await client.delete(pods, { namespace: namespaceOf(pod), name: nameOf(pod) }, { gracePeriodSeconds: 0, preconditions: { uid: uidOf(pod) } })
  } catch (error) {
    if (!isApiError(error, 'NotFound') && !isApiError(error, 'Conflict')) throw error
  }
}

/** Bound to the node whatever the file says, and gone with it. */
function mirror({ metadata, spec }: Pod, node: Node): Pod {
  const { name, namespace, labels, annotations } = metadata
  const owner = { apiVersion: 'v1', kind: 'Node', name: nameOf(node), uid: uidOf(node), controller: true }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, ...(labels && { labels }), annotations: { ...annotations, [MIRROR]: annotations?.[HASH] ?? '' }, ownerReferences: [owner] },
    spec: { ...(spec ?? { containers: [] }), nodeName: nameOf(node) },
  }
}
