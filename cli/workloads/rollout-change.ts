/** `rollout restart`, `pause` and `resume`: small changes of the deployment itself. */
import { systemClock } from '../../shared/kit/clock.ts'
import { formatTime } from '../../shared/model/time.ts'
import { resourceName } from '../cluster/resources.ts'
import type { Call, Command } from '../program/command.ts'
import { Problem } from '../program/problem.ts'
import { eachTarget, TARGET_FLAGS, targetsOf, type Target } from '../write/targets.ts'
import { fieldManager, MANAGED_FIELDS, OUTPUT, report } from '../write/writing.ts'
import { assertDeployment, assertRollsOut, deploymentOf } from './revisions.ts'

const RESTARTED = 'kubectl.kubernetes.io/restartedAt'

interface Change {
  readonly name: string
  readonly summary: string
  readonly verb: string
  /** The patch. @throws Problem when there is nothing to do */
  readonly patch: (target: Target, paused: boolean) => unknown
}

const changing = ({ name, summary, verb, patch }: Change): Command => ({
  name,
  summary,
  usage: '(TYPE | TYPE/NAME)',
  flags: [...TARGET_FLAGS, OUTPUT, fieldManager('kubectl-rollout'), MANAGED_FIELDS],
  run: async (call) => await eachTarget(call, await targetsOf(call, call.args, { typeIsAll: true }), (target) => changeOne(call, target, { name, verb, patch })),
})

async function changeOne(call: Call, target: Target, { name, verb, patch }: Omit<Change, 'summary'>): Promise<void> {
  const cluster = await call.cluster()
  if (name === 'restart') assertRollsOut(target, 'rollout restart')
  else assertDeployment(target, `rollout ${name}`)
  const deployment = await deploymentOf(cluster, target)
  const body = patch(target, deployment.spec?.paused ?? false)
  const changed = await cluster.json({ method: 'PATCH', path: target.path, query: { fieldManager: call.flags.text('field-manager') }, contentType: 'application/strategic-merge-patch+json', body })
  await report(call, changed, { name: target.shown, verb })
}

export const restart = changing({
  name: 'restart',
  summary: 'Replace all pods, a few at a time',
  verb: 'restarted',
  patch: ({ resource, name }, paused) => {
    if (paused) throw new Problem(`${resourceName(resource)} "${name}" can't restart paused deployment (run rollout resume first)`)
    return { spec: { template: { metadata: { annotations: { [RESTARTED]: formatTime(systemClock.nowMs()) } } } } }
  },
})

export const pause = changing({
  name: 'pause',
  summary: 'Let changes of the template wait',
  verb: 'paused',
  patch: ({ resource, name }, paused) => {
    if (paused) throw new Problem(`${resourceName(resource)} "${name}" is already paused`)
    return { spec: { paused: true } }
  },
})

export const resume = changing({
  name: 'resume',
  summary: 'Roll out what has waited',
  verb: 'resumed',
  patch: ({ resource, name }, paused) => {
    if (!paused) throw new Problem(`${resourceName(resource)} "${name}" is not paused`)
    return { spec: { paused: null } }
  },
})
