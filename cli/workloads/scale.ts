import type { ApiObject } from '../cluster/cluster.ts'
import type { Command } from '../program/command.ts'
import { text } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { eachTarget, TARGET_FLAGS, targetsOf, type Target } from '../write/targets.ts'
import { DRY_RUN, dryRunOf, OUTPUT, report, writeQuery, fieldManager, MANAGED_FIELDS } from '../write/writing.ts'
import type { Call } from '../program/command.ts'

interface Scale extends ApiObject {
  readonly spec?: { readonly replicas?: number }
}

function count(call: Call, flag: string): number {
  const given = call.flags.text(flag) ?? ''
  if (!/^-?\d+$/.test(given)) throw new Problem(`invalid argument "${given}" for "--${flag}" flag: give a number`)
  return Number(given)
}

export const scale: Command = {
  name: 'scale',
  summary: 'Set how many replicas there are',
  usage: '--replicas=COUNT (-f FILENAME | TYPE NAME)',
  examples: '# Three of them\ngantry scale --replicas=3 deployment/web\n\n# Only if there are two now\ngantry scale --current-replicas=2 --replicas=3 deployment/web',
  flags: [...TARGET_FLAGS, text('replicas', 'The new number of replicas'), text('current-replicas', 'Only if there are so many now', { default: '-1' }), text('timeout', 'How long to wait until it is so; 0 not to wait', { default: '0s' }), OUTPUT, DRY_RUN, fieldManager('kubectl-scale'), MANAGED_FIELDS],
  async run(call) {
    if (!call.flags.given('replicas')) throw new Problem('required flag(s) "replicas" not set')
    const replicas = count(call, 'replicas')
    if (replicas < 0) throw new Problem(`The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0`)
    return await eachTarget(call, await targetsOf(call, call.args), (target) => scaleOne(call, target, replicas))
  },
}

async function scaleOne(call: Call, target: Target, replicas: number): Promise<void> {
  const cluster = await call.cluster()
  if (!target.resource.subresources.includes('scale')) throw new Problem(`${target.resource.plural} cannot be scaled: they have no replicas`)
  const path = `${target.path}/scale`
  const expected = count(call, 'current-replicas')
  let resourceVersion: string | undefined
  if (expected >= 0) {
    const now = await cluster.json<Scale>({ path })
    if (now.spec?.replicas !== expected) throw new Problem(`Expected replicas to be ${expected}, was ${now.spec?.replicas ?? 0}`)
    resourceVersion = now.metadata?.resourceVersion
  }
  const body = { spec: { replicas }, ...(resourceVersion === undefined ? {} : { metadata: { resourceVersion } }) }
  const scaled = dryRunOf(call) === 'client' ? await cluster.json({ path }) : await cluster.json({ method: 'PATCH', path, query: writeQuery(call), contentType: 'application/merge-patch+json', body })
  await report(call, scaled, { name: target.shown, verb: 'scaled' })
}
