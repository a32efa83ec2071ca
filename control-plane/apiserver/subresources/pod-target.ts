/** The pod, container and node that logs and streams are about. */
import type { Pod } from '../../../shared/model/gen/api.ts'
import { isFault, messageOf } from '../../../shared/kit/faults.ts'
import { storageKey } from '../../storage/port.ts'
import type { NodeStream, NodeStreamRequest, NodeStreams } from '../../dispatch/port.ts'
import { get } from '../core/get.ts'
import { atOf, readCall, type HandlerContext } from '../handlers/context.ts'
import { badRequest, internalError, notFound } from '../status.ts'

export interface PodTarget {
  readonly pod: Pod
  /** Empty while the pod has no node. */
  readonly nodeName: string
  readonly ref: { readonly namespace: string; readonly name: string; readonly uid: string }
}

export async function podTarget(context: HandlerContext): Promise<PodTarget> {
  const item = await get(context.parts, readCall(context), { store: context.route.store, at: atOf(context) })
  const pod = item.object as unknown as Pod
  const { namespace = '', name = '', uid = '' } = pod.metadata
  return { pod, nodeName: pod.spec?.nodeName ?? '', ref: { namespace, name, uid } }
}

/** The container that is meant: the only one if none is named. Throws a 400. */
export function chooseContainer({ metadata, spec }: Pod, wanted: string): string {
  const name = metadata.name ?? ''
  const all = [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])].map((container) => container.name)
  if (wanted !== '') {
    if (!all.includes(wanted)) throw badRequest(`container ${wanted} is not valid for pod ${name}`)
    return wanted
  }
  const [first, second] = spec?.containers ?? []
  if (!first) throw badRequest(`a container name must be specified for pod ${name}`)
  if (second) throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${all.join(' ')}]`)
  return first.name
}

/** Throws a 400. */
export function requireNode({ nodeName, ref }: PodTarget): string {
  if (nodeName === '') throw badRequest(`pod ${ref.name} does not have a host assigned`)
  return nodeName
}

/** A node that is no object is not found, under the name of the pods' resource as Kubernetes says it. */
export function checkNode(context: HandlerContext, nodeName: string): void {
  const nodes = context.parts.resources.find('', 'v1', 'nodes')
  if (nodes && !nodes.cache.get(storageKey(nodes.definition, '', nodeName))) throw notFound({ group: '', name: 'pods' }, nodeName)
}

/** Throws a 500 in the words of a server that cannot dial the node. */
export async function openStream(streams: NodeStreams, nodeName: string, opening: { readonly request: NodeStreamRequest; readonly signal: AbortSignal }): Promise<NodeStream> {
  try {
    return await streams.open(nodeName, opening.request, opening.signal)
  } catch (error) {
    if (!isFault(error)) throw error
    throw internalError(`error dialing backend: ${messageOf(error)}`)
  }
}
