/** Pods of a namespace as a watch tells of them: the yardstick of the pod rows. */
import type { Pod } from '../../shared/model/gen/api.ts'
import { linesOf } from '../../shared/kit/rest-client.ts'
import type { Cluster } from './cluster.ts'

export interface PodWatch extends Disposable {
  /** Resolves as soon as the pods hold what is asked. */
  until(holds: (pods: readonly Pod[]) => boolean): Promise<readonly Pod[]>
}

const LIMIT_MS = 120_000

export async function watchPods(cluster: Cluster, namespace: string): Promise<PodWatch> {
  const path = `/api/v1/namespaces/${namespace}/pods`
  const { metadata, items } = await cluster.send<{ readonly metadata: { readonly resourceVersion: string }; readonly items: readonly Pod[] }>('GET', path)
  const pods = new Map(items.map((pod) => [pod.metadata.name ?? '', pod]))
  const abort = new AbortController()
  let wake = (): void => {}
  const { chunks } = await cluster.client.stream({ path: `${path}?watch=1&resourceVersion=${metadata.resourceVersion}`, signal: abort.signal })
  const reading = (async () => {
    for await (const line of linesOf(chunks as AsyncIterable<Buffer>)) {
      const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: Pod }
      if (type === 'DELETED') pods.delete(object.metadata.name ?? '')
      else if (type !== 'BOOKMARK') pods.set(object.metadata.name ?? '', object)
      wake()
    }
  })()
  reading.catch(() => {})
  return {
    async until(holds) {
      const deadline = performance.now() + LIMIT_MS
      while (!holds([...pods.values()])) {
        if (performance.now() > deadline) throw new Error(`not reached in ${LIMIT_MS / 1000} s: ${JSON.stringify([...pods.values()].map(({ metadata: { name }, status }) => ({ name, phase: status?.phase })))}`)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, 1_000)
          wake = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      }
      return [...pods.values()]
    },
    [Symbol.dispose]: () => abort.abort(),
  }
}

export const isRunning = (pod: Pod): boolean => pod.metadata.deletionTimestamp === undefined && pod.status?.phase === 'Running' && (pod.status.containerStatuses ?? []).every((one) => one.state?.running !== undefined)

export const ofApp = (pods: readonly Pod[], app: string): readonly Pod[] => pods.filter((pod) => pod.metadata.labels?.['app'] === app)

export const deployment = (name: string, replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    replicas,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'busybox:1.35', imagePullPolicy: 'IfNotPresent', command: ['sleep', '1000000'] }] },
    },
  },
})

export const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments'
