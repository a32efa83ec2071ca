import type { Node, Taint } from '../../shared/model/gen/api.ts'
import type { Command } from '../program/command.ts'
import { text, toggle } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import { eachTarget, targetsOf, type Target } from '../write/targets.ts'
import { DRY_RUN, dryRunOf, fieldManager, MANAGED_FIELDS, OUTPUT, report, writeQuery } from '../write/writing.ts'
import { splitChanges } from '../change/label.ts'
import type { ApiObject } from '../cluster/cluster.ts'
import type { Call } from '../program/command.ts'

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const

export interface TaintChanges {
  readonly add: readonly Taint[]
  /** Without an effect: all of the key. */
  readonly remove: ReadonlyArray<{ readonly key: string; readonly effect: string | undefined }>
}

/** `KEY=VALUE:EFFECT`, `KEY:EFFECT`, `KEY:EFFECT-`, `KEY-` @throws Problem */
export function parseTaints(words: readonly string[]): TaintChanges {
  const add: Taint[] = []
  const remove: Array<TaintChanges['remove'][number]> = []
  for (const word of words) {
    const [, key = '', value, effect, minus] = /^([^=:]+?)(?:=([^:]*))?(?::([A-Za-z]+))?(-)?$/.exec(word) ?? []
    if (key === '') throw new Problem(`invalid taint spec: ${word}: write KEY=VALUE:EFFECT, and KEY:EFFECT- to remove it`)
    if (effect !== undefined && !EFFECTS.some((one) => one === effect)) throw new Problem(`invalid taint effect: ${effect}, unsupported taint effect: it is one of ${EFFECTS.join(', ')}`)
    if (minus !== undefined) remove.push({ key, effect })
    else if (effect === undefined) throw new Problem(`invalid taint spec: ${word}: the effect is missing, one of ${EFFECTS.join(', ')}`)
    else add.push({ key, ...(value === undefined ? {} : { value }), effect })
  }
  return { add, remove }
}

const same = (a: Taint, b: { readonly key: string; readonly effect: string | undefined }): boolean => a.key === b.key && (b.effect === undefined || a.effect === b.effect)

/** The node's taints after the changes, or why they cannot be. */
export function changedTaints(taints: readonly Taint[], { add, remove }: TaintChanges, overwrite: boolean): { readonly taints: readonly Taint[] } | { readonly problem: string } {
  const missing = remove.find((one) => !taints.some((taint) => same(taint, one)))
  if (missing) return { problem: `taint "${missing.key}${missing.effect === undefined ? '' : `:${missing.effect}`}" not found` }
  const clash = add.find((one) => taints.some((taint) => same(taint, one)))
  if (clash && !overwrite) return { problem: 'already has a taint(s) with same effect(s) and --overwrite is false' }
  const left = taints.filter((taint) => ![...add, ...remove].some((one) => same(taint, one)))
  return { taints: [...left, ...add] }
}

export const taint: Command = {
  name: 'taint',
  summary: 'Keep pods away from nodes',
  usage: 'NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N',
  examples: '# Only pods that tolerate it\ngantry taint nodes n1 dedicated=db:NoSchedule\n\n# Take it away\ngantry taint nodes n1 dedicated:NoSchedule-',
  flags: [toggle('overwrite', 'Change taints that are there'), toggle('all', 'All nodes'), text('selector', 'Label query to filter on', { short: 'l' }), toggle('all-namespaces', 'Accepted for nothing', { short: 'A' }), { name: 'filename', kind: 'list', help: 'Not for taint' }, { name: 'recursive', kind: 'switch', help: 'Not for taint' }, OUTPUT, DRY_RUN, fieldManager('kubectl-taint'), MANAGED_FIELDS],
  async run(call) {
    const { names, changes } = splitChanges(call.args, (word) => /[:=]|-$/.test(word))
    if (changes.length === 0) throw usageProblem('at least one taint update is required', 'taint')
    const wanted = parseTaints(changes)
    return await eachTarget(call, await targetsOf(call, names), (target) => taintOne(call, target, wanted))
  },
}

async function taintOne(call: Call, target: Target, wanted: TaintChanges): Promise<void> {
  if (target.resource.plural !== 'nodes') throw new Problem(`invalid resource type ${target.resource.plural}, only node types are supported`)
  const cluster = await call.cluster()
  const node = await cluster.json<Node>({ path: target.path })
  const outcome = changedTaints(node.spec?.taints ?? [], wanted, call.flags.is('overwrite'))
  if ('problem' in outcome) throw new Problem(outcome.problem.startsWith('already') ? `node ${target.name} ${outcome.problem}` : outcome.problem)
  const body = { metadata: { resourceVersion: node.metadata.resourceVersion }, spec: { taints: outcome.taints.length > 0 ? outcome.taints : null } }
  const changed = dryRunOf(call) === 'client' ? (node as unknown as ApiObject) : await cluster.json({ method: 'PATCH', path: target.path, query: writeQuery(call), contentType: 'application/merge-patch+json', body })
  await report(call, changed, { name: target.shown, verb: wanted.add.length === 0 ? 'untainted' : wanted.remove.length === 0 ? 'tainted' : 'modified' })
}
