/** `node confirm-dead`: a person's word that nothing of a node runs any more, where the control plane cannot know. */
import { systemClock } from '../../shared/kit/clock.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { formatTime } from '../../shared/model/time.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Call, Command } from '../program/command.ts'
import { toggle } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import { DRY_RUN, dryRunOf } from '../write/writing.ts'
import { nodePath } from './cordon.ts'
import { deathOf, OUT_OF_SERVICE, type Refusal, tolerates, withTaint } from './death.ts'
import { sightOf } from './sight.ts'
import { userOf } from './user.ts'

/** Nothing was done because nobody said `--yes`. */
const UNCONFIRMED = 2

export const CONFIRMED_BY = 'gantry.dev/confirmed-dead-by'

export const confirmDead: Command = {
  name: 'confirm-dead',
  summary: 'Say that a node is dead, so that its pods start elsewhere although the control plane cannot tell',
  usage: 'NODE --yes',
  examples: '# What it would do, and why it is (not) needed\ngantry node confirm-dead n2\n\n# The machine is off: let its pods start elsewhere\ngantry node confirm-dead n2 --yes',
  flags: [toggle('yes', 'You are sure that nothing of it runs any more', { short: 'y' }), toggle('force', 'Also for a node that gives signs of life'), DRY_RUN],
  async run(call) {
    const { args, flags } = call
    const name = args[0]?.replace(/^nodes?\//, '')
    if (name === undefined || args.length > 1) throw usageProblem('exactly one NODE is required', call.command)
    const cluster = await call.cluster()
    const node = await cluster.json<Node>({ path: nodePath(name) })
    const nowMs = systemClock.nowMs()
    const state = deathOf(node, { sight: await sightOf(cluster, node.metadata, nowMs), nowMs })
    if (state.kind === 'fenced') return call.terminal.out(`node/${name} is given up already: ${state.words}\n`)
    if (state.kind === 'alive' && !flags.is('force')) throw new Problem(aliveText(name, state))
    const pods = await podsOn(cluster, name)
    if (!flags.is('yes')) {
      call.terminal.err(`${warningText(name, { words: state.words, pods: pods.length })}\n`)
      throw new Problem('nothing was done: say --yes if you are sure', { exitCode: UNCONFIRMED })
    }
    await confirm(call, cluster, node)
    const suffix = { none: '', client: ' (dry run)', server: ' (server dry run)' }[dryRunOf(call)]
    call.terminal.out(state.kind === 'alive' ? forcedText(name, suffix) : `node/${name} confirmed dead${suffix}: ${pods.length === 0 ? 'no pod was on it' : `${pods.length} ${pods.length === 1 ? 'pod starts' : 'pods start'} elsewhere`}. "gantry why node/${name}" follows what happens.\n`)
  },
}

export const node: Command = { name: 'node', summary: "Decide about nodes what the cluster cannot decide", subcommands: [confirmDead] }

async function confirm(call: Call, cluster: Cluster, { metadata, spec }: Node): Promise<void> {
  const mode = dryRunOf(call)
  if (mode === 'client') return
  const nowMs = systemClock.nowMs()
  const body = {
    metadata: { resourceVersion: metadata.resourceVersion, annotations: { [CONFIRMED_BY]: `${await userOf(cluster, call.env)} at ${formatTime(nowMs)}` } },
    spec: { taints: withTaint(spec?.taints ?? [], formatTime(nowMs)) },
  }
  await cluster.json({ method: 'PATCH', path: nodePath(metadata.name ?? ''), query: { dryRun: mode === 'server' ? 'All' : undefined, fieldManager: 'gantry' }, contentType: 'application/merge-patch+json', body })
}

/** Those that will be removed. */
async function podsOn(cluster: Cluster, name: string): Promise<readonly Pod[]> {
  const { items } = await cluster.json<{ readonly items: readonly Pod[] }>({ path: '/api/v1/pods', query: { fieldSelector: `spec.nodeName=${name},status.phase!=Succeeded,status.phase!=Failed` } })
  return items.filter((pod) => !tolerates(pod))
}

const forcedText = (name: string, suffix: string): string =>
  `node/${name} marked as dead${suffix}, although it gives signs of life: its pods are evicted as by any NoExecute taint, and it is given up only when it falls silent.\nTo take that back: gantry taint node ${name} ${OUT_OF_SERVICE}-\n`

const aliveText = (name: string, { words }: Refusal): string =>
  `node ${name} is not dead: ${words}\nTo move its pods away in order, use "gantry drain ${name}". Only if you know better than the cluster: --force.`

const warningText = (name: string, { words, pods }: { readonly words: string; readonly pods: number }): string =>
  `Node ${name}: ${words}\nTo confirm that it is dead means: ${pods === 0 ? 'pods that it had' : `its ${pods} ${pods === 1 ? 'pod is' : 'pods are'} removed and`} ${pods === 1 ? 'starts' : 'start'} on other nodes at once. If the machine still runs somewhere, cut off,\nits pods then live twice, and two of them may write the same data. Look first: switch it off, or pull its cable.`
