import type { DaemonSet, Deployment, StatefulSet } from '../../shared/model/gen/api.ts'
import { followObjects } from '../cluster/watch.ts'
import type { Call, Command } from '../program/command.ts'
import { parseDurationMs } from '../program/duration.ts'
import { text, toggle } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { eachTarget, TARGET_FLAGS, targetsOf, type Target } from '../write/targets.ts'
import { assertRollsOut, revisionOf } from './revisions.ts'
import { daemonSetState, statefulSetState } from './rollout-sets.ts'

export type RolloutState = { readonly kind: 'waiting' | 'done'; readonly message: string } | { readonly kind: 'failed'; readonly message: string }

/** How far a deployment is, in kubectl's words. */
export function rolloutState({ metadata, spec, status = {} }: Deployment): RolloutState {
  const name = `deployment "${metadata.name ?? ''}"`
  const { observedGeneration = 0, updatedReplicas = 0, replicas = 0, availableReplicas = 0, conditions = [] } = status
  if ((metadata.generation ?? 0) > observedGeneration) return { kind: 'waiting', message: `Waiting for deployment spec update to be observed...` }
  const progressing = conditions.find(({ type }) => type === 'Progressing')
  if (progressing?.reason === 'ProgressDeadlineExceeded') return { kind: 'failed', message: `${name} exceeded its progress deadline` }
  const wanted = spec?.replicas ?? 1
  if (updatedReplicas < wanted) return { kind: 'waiting', message: `Waiting for ${name} rollout to finish: ${updatedReplicas} out of ${wanted} new replicas have been updated...` }
  if (replicas > updatedReplicas) return { kind: 'waiting', message: `Waiting for ${name} rollout to finish: ${replicas - updatedReplicas} old replicas are pending termination...` }
  if (availableReplicas < updatedReplicas) return { kind: 'waiting', message: `Waiting for ${name} rollout to finish: ${availableReplicas} of ${updatedReplicas} updated replicas are available...` }
  return { kind: 'done', message: `${name} successfully rolled out` }
}

export const status: Command = {
  name: 'status',
  summary: 'Show how far a rollout is, until it is done',
  usage: '(TYPE NAME | TYPE/NAME)',
  flags: [...TARGET_FLAGS, toggle('watch', 'Wait until it is done', { short: 'w', default: 'true' }), text('timeout', 'How long to wait; 0 for as long as it takes', { default: '0s' }), text('revision', 'Wait for this revision only', { default: '0' })],
  run: async (call) => await eachTarget(call, await targetsOf(call, call.args), (target) => follow(call, target)),
}

type Rolled = Deployment | DaemonSet | StatefulSet

function stateOf({ resource }: Target, object: Rolled): RolloutState {
  if (resource.plural === 'daemonsets') return daemonSetState(object as DaemonSet)
  return resource.plural === 'statefulsets' ? statefulSetState(object as StatefulSet) : rolloutState(object as Deployment)
}

async function follow(call: Call, target: Target): Promise<void> {
  const cluster = await call.cluster()
  assertRollsOut(target, 'rollout status')
  const timeoutMs = parseDurationMs(call.flags.text('timeout') ?? '0')
  const signal = AbortSignal.any([call.signal, ...(timeoutMs > 0 ? [AbortSignal.timeout(timeoutMs)] : [])])
  const revision = Number(call.flags.text('revision'))
  let last = ''
  const over = (object: Rolled): boolean => {
    if (revision > 0 && target.resource.plural === 'deployments' && revisionOf(object) !== revision) throw new Problem(`desired revision (${revision}) is different from the running revision (${revisionOf(object)})`)
    const { kind, message } = stateOf(target, object)
    if (kind === 'failed') throw new Problem(message)
    if (message !== last) call.terminal.out(`${message}\n`)
    last = message
    return kind === 'done' || !call.flags.is('watch')
  }
  const first = await cluster.json<Rolled>({ path: target.path })
  if (over(first)) return
  const list = { path: target.path.slice(0, target.path.lastIndexOf('/')), query: { fieldSelector: `metadata.name=${target.name}` }, signal }
  for await (const { type, object } of followObjects<Rolled>(cluster, list, { items: [first], resourceVersion: first.metadata.resourceVersion })) {
    if (type === 'DELETED') throw new Problem('object has been deleted')
    if (over(object)) return
  }
  if (!call.signal.aborted) throw new Problem('timed out waiting for the condition')
}
