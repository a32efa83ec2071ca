import type { ReplicaSet } from '../../shared/model/gen/api.ts'
import type { ApiObject } from '../cluster/cluster.ts'
import { columnsOf } from '../print/columns.ts'
import type { Call, Command } from '../program/command.ts'
import { text } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { eachTarget, TARGET_FLAGS, targetsOf, type Target } from '../write/targets.ts'
import { OUTPUT, MANAGED_FIELDS, report } from '../write/writing.ts'
import { assertDeployment, CHANGE_CAUSE, deploymentOf, replicaSetsOf, revisionOf } from './revisions.ts'

export const history: Command = {
  name: 'history',
  summary: 'Show the revisions that there were, or one of them in detail',
  usage: '(TYPE NAME | TYPE/NAME)',
  flags: [...TARGET_FLAGS, text('revision', 'Show this revision', { default: '0' }), OUTPUT, MANAGED_FIELDS],
  run: async (call) => await eachTarget(call, await targetsOf(call, call.args), (target) => show(call, target)),
}

const noRevision = (revision: number): Problem => new Problem(`unable to find the specified revision: ${revision}`)

async function show(call: Call, target: Target): Promise<void> {
  const cluster = await call.cluster()
  assertDeployment(target, 'rollout history')
  const sets = await replicaSetsOf(cluster, await deploymentOf(cluster, target))
  const revision = Number(call.flags.text('revision'))
  const found = sets.find((one) => revisionOf(one) === revision)
  if (revision > 0 && !found) throw noRevision(revision)
  if (found && call.flags.given('output')) return await report(call, { ...(found as unknown as ApiObject), apiVersion: 'apps/v1', kind: 'ReplicaSet' }, { name: '', verb: '' })
  if (found) return call.terminal.out(`${target.shown} with revision #${revision}\n${await templateText(found)}`)
  const rows = sets.map((set) => [String(revisionOf(set)), set.metadata.annotations?.[CHANGE_CAUSE] ?? '<none>'])
  call.terminal.out(`${target.shown} \n${columnsOf(['REVISION', 'CHANGE-CAUSE'], rows, 2)}\n`)
}

export async function templateText({ spec }: ReplicaSet): Promise<string> {
  const { describeTemplate } = await import('../describe/pod-template.ts')
  return describeTemplate(spec?.template ?? {})
}
