import { isApiError } from '../../shared/kit/api-error.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { Node } from '../../shared/model/gen/api.ts'
import { whyNotNodeLabels } from '../../shared/model/node-labels.ts'
import { formatMicroTime, formatTime } from '../../shared/model/time.ts'
import { leases, nodes } from '../../shared/model/resources.ts'
import type { ApiClient } from '../client/port.ts'
import { mergeNodeStatus } from './merge-status.ts'

/** On the Nodes that an agent registered: its boot id. A Node made by API has none. */
export const AGENT_ANNOTATION = 'gantry.dev/agent'

const FIELD_MANAGER = 'gantry-agent'
const LEASE_NAMESPACE = 'kube-node-lease'
const LEASE_SECONDS = 40

/** Whether the first map has every entry of the second. */
const holds = (has: Readonly<Record<string, string>> | undefined, wanted: Readonly<Record<string, string>> | undefined): boolean => Object.entries(wanted ?? {}).every(([key, value]) => has?.[key] === value)

/** Writes the Node objects and node leases on behalf of the agents. */
export interface NodeIntake {
  /** Creates the Node, or brings labels and (unless told otherwise) status of the one that is there up to date. @throws Fault('permission') when the labels are not the node's to give. */
  register(node: Node, options?: { readonly withStatus?: boolean | undefined }): Promise<void>
  status(nodeName: string, status: NonNullable<Node['status']>): Promise<void>
  /** Renews the node's Lease as kubelet does (every 10 s for 40 s). */
  renewLease(nodeName: string): Promise<void>
}

export function createNodeIntake({ client, clock }: { readonly client: ApiClient; readonly clock: Clock }): NodeIntake {
  const stamped = (status: NonNullable<Node['status']>): NonNullable<Node['status']> => ({
    ...status,
    conditions: (status.conditions ?? []).map((condition) => ({ ...condition, lastHeartbeatTime: formatTime(clock.nowMs()), lastTransitionTime: condition.lastTransitionTime ?? formatTime(clock.nowMs()) })),
  })

  async function writeStatus(nodeName: string, status: NonNullable<Node['status']>): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      const current = await client.get(nodes, { name: nodeName })
      const merged = mergeNodeStatus(current, stamped(status))
      if (!merged) return
      try {
        await client.update(nodes, { ...current, status: merged }, { subresource: 'status', fieldManager: FIELD_MANAGER })
        return
      } catch (error) {
        if (!isApiError(error, 'Conflict') || attempt >= 5) throw error
      }
    }
  }

  async function existing(name: string): Promise<Node | undefined> {
    try {
      return await client.get(nodes, { name })
    } catch (error) {
      if (isApiError(error, 'NotFound')) return undefined
      throw error
    }
  }

  return {
    async register(node, { withStatus = true } = {}) {
      const name = node.metadata.name ?? ''
      const { labels = {} } = node.metadata
      const annotations = { ...node.metadata.annotations, [AGENT_ANNOTATION]: node.status?.nodeInfo?.bootID ?? '' }
      const current = await existing(name)
      const before = current?.metadata.labels ?? {}
      const reason = whyNotNodeLabels({ ...before, ...labels }, before)
      if (reason !== undefined) throw new Fault('permission', `node ${JSON.stringify(name)} ${reason}: have them set by an administrator ("gantry label node")`)
      // The agent says what it is; what was decided about it (its pod range, who owns it) it does not.
      if (!current) await client.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name, labels, annotations }, spec: { ...(node.spec?.taints && { taints: node.spec.taints }) }, status: {} }, { fieldManager: FIELD_MANAGER })
      else if (!holds(before, labels) || !holds(current.metadata.annotations, annotations)) {
        await client.patch(nodes, { name }, { type: 'merge', body: { metadata: { labels, annotations } }, fieldManager: FIELD_MANAGER })
      }
      if (withStatus || !current) await writeStatus(name, node.status ?? {})
    },
    status: writeStatus,
    async renewLease(nodeName) {
      const renewTime = formatMicroTime(clock.nowMs())
      try {
        await client.patch(leases, { namespace: LEASE_NAMESPACE, name: nodeName }, { type: 'merge', body: { spec: { renewTime, holderIdentity: nodeName, leaseDurationSeconds: LEASE_SECONDS } }, fieldManager: FIELD_MANAGER })
      } catch (error) {
        if (!isApiError(error, 'NotFound')) throw error
        const node = await client.get(nodes, { name: nodeName })
        const owner = { apiVersion: 'v1', kind: 'Node', name: nodeName, uid: node.metadata.uid ?? '' }
        await client.create(leases, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: nodeName, namespace: LEASE_NAMESPACE, ownerReferences: [owner] }, spec: { holderIdentity: nodeName, leaseDurationSeconds: LEASE_SECONDS, renewTime } }, { fieldManager: FIELD_MANAGER })
      }
    },
  }
}
