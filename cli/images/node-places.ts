import { messageOf } from '../../shared/kit/faults.ts'
import type { Node } from '../../shared/model/gen/api.ts'
import { IMAGE_API, type ImageList } from '../../shared/model/image-api.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { isStatusProblem } from '../cluster/status-problem.ts'
import type { Call } from '../program/command.ts'
import { Problem } from '../program/problem.ts'
import { type ImageCall, type ImagePlace, queryText } from './place.ts'

/**
 * The stores of the nodes named, or of all nodes that answer; nodes that share one are one place. A node that does not answer is told, and passed over unless it was named.
 * @throws Problem when none answers
 */
export async function nodePlaces(call: Call, names: readonly string[]): Promise<readonly ImagePlace[]> {
  const cluster = await call.cluster()
  const wanted = names.length > 0 ? names : (await cluster.json<{ readonly items: readonly Node[] }>({ path: '/api/v1/nodes' })).items.map(({ metadata }) => metadata.name ?? '')
  if (wanted.length === 0) throw new Problem('the cluster has no nodes, and so no images')
  const asked = await Promise.all(
    wanted.map(async (node) => {
      try {
        const { store } = await nodePlace(cluster, [node]).json<ImageList>({ method: 'GET', path: '' })
        return { node, store }
      } catch (error) {
        if (names.length > 0) throw error
        call.terminal.err(`Warning: node ${node} says nothing of its images: ${messageOf(error)}\n`)
        return undefined
      }
    }),
  )
  const byStore = Map.groupBy(asked.filter((one) => one !== undefined), ({ store }) => store)
  if (byStore.size === 0) throw new Problem('no node says anything of its images')
  return [...byStore.values()].map((nodes) => nodePlace(cluster, nodes.map(({ node }) => node)))
}

/** The first of the nodes is asked: all read the same store. */
function nodePlace(cluster: Cluster, nodes: readonly string[]): ImagePlace {
  const pathOf = ({ path, query }: ImageCall): string => `/api/v1/nodes/${encodeURIComponent(nodes[0] ?? '')}/proxy${IMAGE_API}${path}${queryText(query)}`
  const stream = async (call: ImageCall): Promise<AsyncIterable<Buffer>> => {
    const { chunks } = await cluster.stream({ method: call.method, path: pathOf(call), ...(call.upload ? { upload: call.upload } : { body: call.body }) }).catch(inOwnWords)
    return chunks
  }
  return {
    title: nodes.length === 1 ? `node ${nodes[0] ?? ''}` : `nodes ${nodes.join(', ')}`,
    nodes,
    stream,
    async json<T>(call: ImageCall) {
      const parts: Buffer[] = []
      for await (const part of await stream(call)) parts.push(part)
      return JSON.parse(Buffer.concat(parts).toString()) as T
    },
  }
}

/** A refusal of the store is no refusal of the API server: its sentence alone is what helps. */
function inOwnWords(error: unknown): never {
  if (isStatusProblem(error) && [400, 404, 409, 507].includes(error.code) && error.status.reason !== '' && /image|archive|layer|digest/i.test(error.message)) throw new Problem(error.message, { cause: error })
  throw error
}
