import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { hostPortsCollide, hostPortsOf } from '../../shared/model/host-ports.ts'
import { isWanted } from '../../shared/model/node-selector.ts'
import { tolerates } from '../../shared/model/toleration.ts'
import { isStatic } from '../static-pods/is-static.ts'
import type { Verdict } from './record.ts'

/**
 * Whether this node is one for a pod, beside the room it takes (`admit`). A pod that the scheduler has placed was looked at already, and this node may hear
 * of its own labels later than of the pod: only what named its node itself is looked at. Pure.
 *
 * @param node as the control plane tells of it; undefined: it has told nothing yet, and nothing is held against the pod.
 * @returns why not, with kubelet's reasons and words.
 */
export function admitPlace(pod: Pod, others: readonly Pod[], node: Node | undefined): Verdict | undefined {
  if (pod.spec?.os?.name !== undefined && pod.spec.os.name !== 'linux') return { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" }
  if (pod.status?.conditions?.some(({ type, status }) => type === 'PodScheduled' && status === 'True') === true) return undefined
  const labels = node?.metadata.labels
  if (labels !== undefined && !isWanted(pod.spec ?? { containers: [] }, { name: node?.metadata.name ?? '', labels })) return misfit('NodeAffinity', "node(s) didn't match Pod's node affinity/selector")
  const taken = others.flatMap(hostPortsOf)
  if (hostPortsOf(pod).some((wanted) => taken.some((used) => hostPortsCollide(wanted, used)))) return misfit('NodePorts', "node(s) didn't have free ports for the requested pod ports")
  const repelled = (node?.spec?.taints ?? []).some((taint) => taint.effect === 'NoExecute' && !(pod.spec?.tolerations ?? []).some((one) => tolerates(one, taint)))
  return repelled && !isStatic(pod) ? misfit('TaintToleration', "node(s) had taints that the pod didn't tolerate") : undefined
}

const misfit = (what: string, words: string): Verdict => ({ reason: what, message: `Predicate ${what} failed: ${words}` })
