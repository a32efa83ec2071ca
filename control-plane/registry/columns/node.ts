import type { Node } from '../../../shared/model/gen/api.ts'
import type { TableColumn } from '../kind.ts'
import { ageSince } from './age.ts'
import { ageColumn, column, nameColumn, wideColumn } from './columns.ts'

const ADDRESSES_DESCRIPTION =
  "List of addresses reachable to the node. Queried from cloud provider, if available. More info: https://kubernetes.io/docs/reference/node/node-status/#addresses Note: This field is declared as mergeable, but the merge key is not sufficiently unique, which can cause data corruption when it is merged. Callers should instead use a full-replacement patch. See https://pr.k8s.io/79391 for an example. Consumers should assume that addresses can change during the lifetime of a Node. However, there are some exceptions where this may not be possible, such as Pods that inherit a Node's address in its own status or consumers of the downward API (status.hostIP)."

export const nodeColumns: readonly TableColumn[] = [
  nameColumn,
  column('Status', 'The status of the node'),
  column('Roles', 'The roles of the node'),
  ageColumn,
  column('Version', 'Kubelet Version reported by the node.'),
  wideColumn('Internal-IP', ADDRESSES_DESCRIPTION),
  wideColumn('External-IP', ADDRESSES_DESCRIPTION),
  wideColumn('OS-Image', 'OS Image reported by the node from /etc/os-release (e.g. Debian GNU/Linux 7 (wheezy)).'),
  wideColumn('Kernel-Version', "Kernel Version reported by the node from 'uname -r' (e.g. 3.16.0-0.bpo.4-amd64)."),
  wideColumn('Container-Runtime', 'ContainerRuntime Version reported by the node through runtime remote API (e.g. containerd://1.4.2).'),
]

const ROLE_PREFIX = 'node-role.kubernetes.io/'
const ROLE_LABEL = 'kubernetes.io/role'

/** The roles that a node's labels say, in order. */
export function nodeRoles(node: Node): readonly string[] {
  const roles = new Set<string>()
  for (const [key, value] of Object.entries(node.metadata.labels ?? {})) {
    if (key.startsWith(ROLE_PREFIX) && key.length > ROLE_PREFIX.length) roles.add(key.slice(ROLE_PREFIX.length))
    else if (key === ROLE_LABEL && value !== '') roles.add(value)
  }
  return [...roles].sort()
}

function statusOf(node: Node): string {
  const ready = node.status?.conditions?.findLast((one) => one.type === 'Ready')
  const state = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown'
  return node.spec?.unschedulable ? `${state},SchedulingDisabled` : state
}

const addressOf = (node: Node, type: string): string => node.status?.addresses?.find((one) => one.type === type)?.address ?? '<none>'

function kernelOf({ status }: Node): string {
  const { kernelVersion, architecture } = status?.nodeInfo ?? {}
  const kernel = kernelVersion || '<unknown>'
  return architecture ? `${kernel} (${architecture})` : kernel
}

export function nodeRow(node: Node, nowMs: number): readonly string[] {
  const system = node.status?.nodeInfo
  return [
    node.metadata.name ?? '',
    statusOf(node),
    nodeRoles(node).join(',') || '<none>',
    ageSince(node.metadata.creationTimestamp, nowMs),
    system?.kubeletVersion ?? '',
    addressOf(node, 'InternalIP'),
    addressOf(node, 'ExternalIP'),
    system?.osImage || '<unknown>',
    kernelOf(node),
    system?.containerRuntimeVersion || '<unknown>',
  ]
}
