/** The lab's own look at its cluster: is it up, are its nodes ready. */
import { sleep, systemClock } from '../../shared/kit/clock.ts'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { createRestClient, linesOf, type RestClient } from '../../shared/kit/rest-client.ts'
import type { Node } from '../../shared/model/gen/api.ts'
import type { LabIdentity } from './identity.ts'
import { layoutOf, type LabSpec } from './layout.ts'
import { slowness } from './patience.ts'

export function labClient(spec: LabSpec, identity: LabIdentity, server = layoutOf(spec).server): RestClient {
  return createRestClient({ server, ca: identity.ca, cert: identity.admin.certificatePem, key: identity.admin.privateKeyPem, userAgent: 'gantry-lab' })
}

/** Until then nothing can be awaited but the port itself: tried again quickly. */
const CONNECT_EVERY_MS = 15

/** Resolves when the API answers that it is ready. @throws Fault('timeout') with what it said last. */
export async function apiReady(client: RestClient, { lab }: { readonly lab: string }, timeoutMs: number): Promise<void> {
  const deadline = systemClock.monotonicMs() + timeoutMs
  let last = 'nothing'
  while (systemClock.monotonicMs() < deadline) {
    try {
      const { status, text } = await client.request({ path: '/readyz', signal: AbortSignal.timeout(2_000 * slowness) })
      if (status === 200) return
      last = text
    } catch (error) {
      if (!isFault(error)) throw error
      last = error.message
    }
    await sleep(systemClock, CONNECT_EVERY_MS)
  }
  throw new Fault('timeout', `the API did not become ready in ${timeoutMs / 1000} s (${last}): see "gantry lab logs control-plane --name ${lab}"`)
}

const isReady = (node: Node): boolean => node.status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false

/** Resolves when all these nodes are Ready in the boot given (what is stored of a boot before says nothing), as a watch tells. @throws Fault('timeout') naming those that are not. */
export async function nodesReady(client: RestClient, { lab, boots }: { readonly lab: string; readonly boots: ReadonlyMap<string, string> }, timeoutMs: number): Promise<void> {
  if (boots.size === 0) return
  const waiting = new Map(boots)
  const signal = AbortSignal.timeout(timeoutMs)
  while (!signal.aborted) {
    try {
      const { chunks } = await client.stream({ path: '/api/v1/nodes?watch=1', signal })
      for await (const line of linesOf(chunks as AsyncIterable<Buffer>)) {
        const { type, object } = JSON.parse(line) as { readonly type: string; readonly object: Node }
        if ((type === 'ADDED' || type === 'MODIFIED') && isReady(object) && object.status?.nodeInfo?.bootID === waiting.get(object.metadata.name ?? '')) waiting.delete(object.metadata.name ?? '')
        if (waiting.size === 0) return
      }
    } catch (error) {
      // One of several control planes may go away at this moment: another one is asked.
      if (!signal.aborted && !isFault(error)) throw error
    }
    await sleep(systemClock, CONNECT_EVERY_MS, signal).catch(() => {})
  }
  throw new Fault('timeout', `not Ready after ${timeoutMs / 1000} s: ${[...waiting.keys()].join(', ')}: see "gantry lab logs ${[...waiting.keys()][0] ?? ''} --name ${lab}"`)
}

/** The group is served by the control plane itself from then on: the service that is named need not exist. */
const METRICS_SERVICE = {
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: 'v1beta1.metrics.k8s.io' },
  spec: { group: 'metrics.k8s.io', version: 'v1beta1', groupPriorityMinimum: 100, versionPriority: 100, insecureSkipTLSVerify: true, service: { name: 'metrics-server', namespace: 'kube-system' } },
}

/** Has metrics of nodes and pods served, if they are not. @throws Fault('unavailable') with what the API said */
export async function serveMetrics(client: RestClient): Promise<void> {
  const { status, text } = await client.request({ method: 'POST', path: '/apis/apiregistration.k8s.io/v1/apiservices', body: JSON.stringify(METRICS_SERVICE) })
  if (status !== 201 && status !== 409) throw new Fault('unavailable', `the metrics API could not be had: ${text}`)
}
