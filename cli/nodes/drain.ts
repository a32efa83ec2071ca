/** `drain`: no new pods on a node, and those that are there are asked to leave. */
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { sleep, systemClock } from '../../shared/kit/clock.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { UnknownOutcome } from '../cluster/outcome.ts'
import { isPassing } from '../cluster/patience.ts'
import { isNotFound, isStatusProblem } from '../cluster/status-problem.ts'
import { waitUntilGone } from '../delete/gone.ts'
import type { Call, Command } from '../program/command.ts'
import { parseDurationMs } from '../program/duration.ts'
import { text, toggle } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { DRY_RUN, dryRunOf } from '../write/writing.ts'
import { nodesGiven, setUnschedulable } from './cordon.ts'

/** A budget that allows nobody to leave may do so later. */
const RETRY_MS = 5_000
/** A control plane that is away is asked again sooner. */
const AWAY_RETRY_MS = 500
const MIRROR = 'kubernetes.io/config.mirror'

export const drain: Command = {
  name: 'drain',
  summary: 'Empty a node, to work on it',
  usage: 'NODE',
  flags: [
    text('selector', 'Label query to filter on', { short: 'l' }),
    text('pod-selector', 'Only pods that the label query takes'),
    toggle('ignore-daemonsets', 'Leave pods of daemon sets where they are'),
    toggle('delete-emptydir-data', 'Also pods whose emptyDir volumes will be lost'),
    toggle('force', 'Also pods that nothing will start elsewhere'),
    toggle('disable-eviction', 'Delete instead of asking; budgets are not heeded'),
    text('grace-period', "Seconds given to end; -1 for the pods' own", { default: '-1' }),
    text('timeout', 'How long to wait; 0 for as long as it takes', { default: '0s' }),
    text('skip-wait-for-delete-timeout', 'Do not wait for pods that have been ending for so many seconds', { default: '0' }),
    text('chunk-size', 'Accepted as kubectl has it', { default: '500' }),
    DRY_RUN,
  ],
  async run(call) {
    const cluster = await call.cluster()
    for (const node of await nodesGiven(call)) {
      await setUnschedulable(call, cluster, { node, unschedulable: true })
      await drainNode(call, cluster, node)
    }
  },
}

export interface Sorted {
  readonly leave: readonly Pod[]
  readonly warnings: readonly string[]
  /** Why the node cannot be drained as asked. */
  readonly problems: readonly string[]
}

export interface DrainRules {
  readonly force: boolean
  readonly ignoreDaemonSets: boolean
  readonly deleteEmptyDirData: boolean
}

const named = ({ metadata }: Pod): string => `${metadata.namespace ?? ''}/${metadata.name ?? ''}`

/** Which pods leave, as kubectl decides it. */
export function sortPods(pods: readonly Pod[], { force, ignoreDaemonSets, deleteEmptyDirData }: DrainRules): Sorted {
  const leave: Pod[] = []
  const daemons: Pod[] = []
  const local: Pod[] = []
  const unmanaged: Pod[] = []
  for (const pod of pods) {
    if (pod.metadata.annotations?.[MIRROR] !== undefined) continue
    const ended = pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed'
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)
    if (owner?.kind === 'DaemonSet' && !ended) {
      daemons.push(pod)
      continue
    }
    if (!ended && pod.spec?.volumes?.some(({ emptyDir }) => emptyDir)) local.push(pod)
    if (!ended && !owner) unmanaged.push(pod)
    leave.push(pod)
  }
  const list = (of: readonly Pod[]): string => of.map(named).join(', ')
  const groups: ReadonlyArray<{ readonly pods: readonly Pod[]; readonly allowed: boolean; readonly refusal: string; readonly warning: string }> = [
    { pods: daemons, allowed: ignoreDaemonSets, refusal: 'cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)', warning: 'ignoring DaemonSet-managed Pods' },
    { pods: local, allowed: deleteEmptyDirData, refusal: 'cannot delete Pods with local storage (use --delete-emptydir-data to override)', warning: '' },
    { pods: unmanaged, allowed: force, refusal: 'cannot delete Pods that declare no controller (use --force to override)', warning: 'deleting Pods that declare no controller' },
  ]
  const present = groups.filter((group) => group.pods.length > 0)
  return {
    leave,
    problems: present.filter(({ allowed }) => !allowed).map((group) => `${group.refusal}: ${list(group.pods)}`),
    warnings: present.filter(({ allowed, warning }) => allowed && warning !== '').map((group) => `${group.warning}: ${list(group.pods)}`),
  }
}

async function drainNode(call: Call, cluster: Cluster, node: Node): Promise<void> {
  const { flags, terminal } = call
  const name = node.metadata.name ?? ''
  const { items } = await cluster.json<{ readonly items: readonly Pod[] }>({ path: '/api/v1/pods', query: { fieldSelector: `spec.nodeName=${name}`, labelSelector: flags.text('pod-selector') } })
  const { leave, problems, warnings } = sortPods(items, { force: flags.is('force'), ignoreDaemonSets: flags.is('ignore-daemonsets'), deleteEmptyDirData: flags.is('delete-emptydir-data') })
  if (problems.length > 0) throw new Problem(`unable to drain node "${name}" due to error: ${problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`}, continuing command...\nThere are pending nodes to be drained:\n ${name}\n${problems.map((problem) => problem).join('\n')}`)
  if (warnings.length > 0) terminal.err(`Warning: ${warnings.join('; ')}\n`)
  const timeoutMs = parseDurationMs(flags.text('timeout') ?? '0')
  const signal = AbortSignal.any([call.signal, ...(timeoutMs > 0 ? [AbortSignal.timeout(timeoutMs)] : [])])
  await Promise.all(leave.map((pod) => evict(call, cluster, { pod, signal, timeoutMs })))
  terminal.out(`node/${name} drained\n`)
}

/** Whether the pod is gone, and perhaps another has its name. A control plane that is still away does not say so. */
async function isAnother(cluster: Cluster, path: string, uid: string | undefined): Promise<boolean> {
  try {
    return (await cluster.json({ path })).metadata?.uid !== uid
  } catch (error) {
    if (isNotFound(error)) return true
    if (isPassing(error, { onlyReads: true })) return false
    throw error
  }
}

async function isEnding(cluster: Cluster, path: string): Promise<boolean> {
  try {
    return (await cluster.json({ path })).metadata?.deletionTimestamp !== undefined
  } catch (error) {
    return isNotFound(error)
  }
}

interface Leaver {
  readonly pod: Pod
  readonly signal: AbortSignal
  readonly timeoutMs: number
}

async function evict(call: Call, cluster: Cluster, { pod, signal, timeoutMs }: Leaver): Promise<void> {
  const { name = '', namespace = '', uid } = pod.metadata
  const mode = dryRunOf(call)
  const suffix = mode === 'none' ? '' : mode === 'client' ? ' (dry run)' : ' (server dry run)'
  call.terminal.out(`evicting pod ${namespace}/${name}${suffix}\n`)
  if (mode === 'client') return
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`
  const grace = Number(call.flags.text('grace-period'))
  const deleteOptions = { ...(grace >= 0 ? { gracePeriodSeconds: grace } : {}), ...(mode === 'server' ? { dryRun: ['All'] } : {}) }
  for (;;) {
    try {
      if (call.flags.is('disable-eviction')) await cluster.json({ method: 'DELETE', path, body: { kind: 'DeleteOptions', apiVersion: 'v1', ...deleteOptions } })
      else await cluster.json({ method: 'POST', path: `${path}/eviction`, body: { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace }, deleteOptions } })
      break
    } catch (error) {
      if (isNotFound(error)) return
      // To ask a pod to leave twice does no harm: where nobody knows whether it was asked it is asked again.
      const isAway = error instanceof UnknownOutcome || (isPassing(error, { onlyReads: true }) && !(isStatusProblem(error) && error.code === 429))
      if (isAway && !signal.aborted) {
        await sleep(systemClock, AWAY_RETRY_MS, signal).catch(() => {})
        if (await isAnother(cluster, path, uid)) return
        continue
      }
      const isGoing = isStatusProblem(error) && (error.status.details?.causes?.some(({ reason }) => reason === 'NamespaceTerminating') ?? false)
      // A namespace that goes evicts nobody: its pods are deleted soon, or are already.
      if (isGoing && (await isEnding(cluster, path))) break
      if (!isStatusProblem(error) || (error.code !== 429 && !isGoing) || signal.aborted) throw error
      call.terminal.err(`error when evicting pods/"${name}" -n "${namespace}" (will retry after 5s): ${error.message}\n`)
      await sleep(systemClock, RETRY_MS, signal).catch(() => {})
      if (signal.aborted) throw new Problem(`error when evicting pods/"${name}" -n "${namespace}": global timeout reached: ${timeoutMs / 1000}s`)
    }
  }
  if (mode === 'none') await waitUntilGone(cluster, [{ path, name: `pod/${name}`, uid }], { timeoutMs, signal: call.signal })
  call.terminal.out(`pod/${name} evicted${suffix}\n`)
}
