/** What answers requests for `metrics.k8s.io`, in the way of the metrics server. */
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import { get } from '../apiserver/core/get.ts'
import { list } from '../apiserver/core/list.ts'
import type { ResourceStore } from '../apiserver/core/resources.ts'
import { unstoredItem } from '../apiserver/core/stored.ts'
import type { SpecialHandlers } from '../apiserver/dispatch.ts'
import { atOf, readCall, renderingOf, type Handler, type HandlerContext } from '../apiserver/handlers/context.ts'
import { parseListOptions } from '../apiserver/options/list-options.ts'
import { listAnswer, objectAnswer } from '../apiserver/representations/objects.ts'
import { selectionOf } from '../apiserver/selectors/selection.ts'
import { methodNotAllowed, notFound, unknownResource } from '../apiserver/status.ts'
import type { CachedObject } from '../storage/watch-cache-port.ts'
import { asJson, METRICS } from './kinds.ts'
import { nodeMetrics, podMetrics } from './measured.ts'
import { podMeasures } from './pod-measures.ts'
import type { NodeUsages } from './usages.ts'

export const metricsHandlers = (usages: NodeUsages): SpecialHandlers => ({
  [`${METRICS.group}/nodes/`]: measuring('nodes', (nodes) => ofNodes(usages, nodes as unknown as readonly Node[])),
  [`${METRICS.group}/pods/`]: measuring('pods', (pods) => ofPods(usages, pods as unknown as readonly Pod[])),
})

/** What was measured of objects; those of which nothing is known are left out. */
type Measure = (objects: readonly JsonObject[]) => Promise<readonly JsonObject[]>

const measuring =
  (plural: 'nodes' | 'pods', measure: Measure): Handler =>
  async (context) => {
    const { parts, request, route } = context
    const { path, verb, store } = route
    const measured = storeOf(context, plural)
    const at = atOf(context)
    if (verb === 'get') {
      const { object } = await get(parts, readCall(context), { store: measured, at, resourceVersion: '0' })
      const [found] = await measure([object])
      if (!found) throw notFound({ group: METRICS.group, name: store.definition.kind.toLowerCase() }, path.namespace === '' ? path.name : `${path.namespace}/${path.name}`)
      return objectAnswer(200, itemOf(found), renderingOf(context))
    }
    if (verb !== 'list') throw methodNotAllowed()
    const selection = selectionOf(store.definition, parseListOptions(request.query, false))
    const { items } = await list(parts, readCall(context), { store: measured, namespace: path.namespace, options: { resourceVersion: '0' }, selection })
    const found = await measure(items.map(({ object }) => object))
    return listAnswer({ items: found.map(itemOf), revision: 0 }, renderingOf(context))
  }

function storeOf({ parts }: HandlerContext, plural: string): ResourceStore {
  const store = parts.resources.find('', 'v1', plural)
  if (!store) throw unknownResource()
  return store
}

const itemOf = (object: JsonObject): CachedObject => unstoredItem('', object, undefined)

/** An agent that is not there is not waited for. */
const isReady = ({ status }: Node): boolean => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false

async function ofNodes(usages: NodeUsages, nodes: readonly Node[]): Promise<readonly JsonObject[]> {
  const found = await Promise.all(nodes.map(async (node) => ({ node, report: isReady(node) ? await usages(node.metadata.name ?? '') : undefined })))
  return found.flatMap(({ node, report }) => (report ? [asJson(nodeMetrics(node, report))] : []))
}

const ofPods = async (usages: NodeUsages, pods: readonly Pod[]): Promise<readonly JsonObject[]> => (await podMeasures(usages, pods)).map((measure) => asJson(podMetrics(measure)))
