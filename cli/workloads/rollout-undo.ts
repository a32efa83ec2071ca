import type { ReplicaSet } from '../../shared/model/gen/api.ts'
import type { ApiObject } from '../cluster/cluster.ts'
import type { Call, Command } from '../program/command.ts'
import { text } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { eachTarget, TARGET_FLAGS, targetsOf, type Target } from '../write/targets.ts'
import { DRY_RUN, dryRunOf, MANAGED_FIELDS, OUTPUT, report } from '../write/writing.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { assertDeployment, deploymentOf, replicaSetsOf, revisionOf } from './revisions.ts'
import { templateText } from './rollout-history.ts'

const TEMPLATE_HASH = 'pod-template-hash'

export const undo: Command = {
  name: 'undo',
  summary: 'Go back to a revision that was before',
  usage: '(TYPE NAME | TYPE/NAME)',
  flags: [...TARGET_FLAGS, text('to-revision', 'The revision to go back to; 0 is the one before', { default: '0' }), OUTPUT, DRY_RUN, MANAGED_FIELDS],
  run: async (call) => await eachTarget(call, await targetsOf(call, call.args), (target) => undoOne(call, target)),
}

function wantedSet(sets: readonly ReplicaSet[], toRevision: number, name: string): ReplicaSet {
  const found = toRevision === 0 ? sets.at(-2) : sets.find((one) => revisionOf(one) === toRevision)
  if (found) return found
  throw new Problem(toRevision === 0 ? `no rollout history found for deployment "${name}"` : `unable to find specified revision ${toRevision} in history`)
}

/** The template as the deployment had it: the hash is the replica set's own. */
function templateOf({ spec }: ReplicaSet): Readonly<Record<string, unknown>> {
  const { [TEMPLATE_HASH]: _hash, ...labels } = spec?.template?.metadata?.labels ?? {}
  return { ...spec?.template, metadata: { ...spec?.template?.metadata, labels } }
}

async function undoOne(call: Call, target: Target): Promise<void> {
  const cluster = await call.cluster()
  assertDeployment(target, 'rollout undo')
  const deployment = await deploymentOf(cluster, target)
  const set = wantedSet(await replicaSetsOf(cluster, deployment), Number(call.flags.text('to-revision')), target.name)
  if (dryRunOf(call) === 'client') return call.terminal.out(`${target.shown} Pod Template:\n${await templateText(set)}`)
  if (deployment.spec?.paused) throw new Problem(`you cannot rollback a paused deployment; resume it first with 'gantry rollout resume ${target.shown}' and try again`)
  const template = templateOf(set)
  if (deepEqual(template, deployment.spec?.template)) return await report(call, deployment as unknown as ApiObject, { name: target.shown, verb: `skipped rollback (current template already matches revision ${revisionOf(set)})` })
  const body = [
    { op: 'replace', path: '/spec/template', value: template },
    { op: 'test', path: '/metadata/uid', value: deployment.metadata.uid },
  ]
  const undone = await cluster.json({ method: 'PATCH', path: target.path, query: { dryRun: dryRunOf(call) === 'server' ? 'All' : undefined }, contentType: 'application/json-patch+json', body })
  await report(call, undone, { name: target.shown, verb: 'rolled back' })
}
