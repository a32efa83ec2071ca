import type { Command } from '../program/command.ts'
import { text, toggle } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { createProgress } from './progress.ts'
import { listed, nameFlag, seconds } from './names.ts'
import { takeAway } from './take-away.ts'

function countOf(given: string | undefined, flag: string): number | undefined {
  if (given === undefined) return undefined
  if (!/^\d+$/.test(given)) throw new Problem(`invalid argument "${given}" for "--${flag}" flag: give a number`)
  return Number(given)
}

/** As the lab tells them, in their order. */
const STAGES = ['machines and certificates', 'programs', 'control plane ready', 'nodes ready'] as const

/** What several control planes are for. */
const mayBeLost = (controlPlanes: number): string =>
  controlPlanes === 2
    ? 'two control planes and a witness (an etcd member on a machine of its own): any one of the three may be lost\n'
    : `${controlPlanes} control planes with an etcd member each: ${controlPlanes === 3 ? 'any one' : 'any two'} may be lost\n`

export const up: Command = {
  name: 'up',
  summary: 'Start a lab: a cluster of several machines on this host, or what of it does not run',
  examples: '# Three nodes\ngantry lab up\n\n# A second lab beside the first, of one node\ngantry lab up --name small --nodes 1\n\n# Three control planes, of which one may be lost\ngantry lab up --name ha --control-planes 3',
  flags: [nameFlag, text('nodes', 'How many nodes (default 3; a lab that exists keeps its own)'), text('control-planes', 'How many control planes: 1, 2, 3 or 5, each with an etcd member; two have a witness beside them, a third etcd member (default 1)'), text('etcd-quota-bytes', "How large etcd's data may grow"), toggle('remove', 'Where the lab has more nodes than --nodes says: drain those above, and take them away with their data'), toggle('metrics', 'Serve metrics.k8s.io, which "kubectl top" and autoscalers ask'), toggle('no-kubeconfig', 'Leave the kubeconfig alone')],
  async run(call) {
    const { flags, terminal } = call
    const lab = await import('../../deploy/lab/lab.ts')
    const startMs = performance.now()
    const nodes = countOf(flags.text('nodes'), 'nodes')
    using progress = createProgress(terminal)
    progress.step(STAGES[0])
    const { spec, server, kubeconfigFile, started } = await lab.up({
      name: flags.text('name') ?? '',
      nodes,
      controlPlanes: countOf(flags.text('control-planes'), 'control-planes'),
      etcdQuotaBytes: countOf(flags.text('etcd-quota-bytes'), 'etcd-quota-bytes'),
      kubeconfig: !flags.is('no-kubeconfig'),
      metrics: flags.is('metrics'),
      onStage(stage, tookMs) {
        const next = STAGES[STAGES.findIndex((one) => one === stage) + 1]
        if (next !== undefined) progress.step(next)
        progress.done(stage, tookMs)
      },
    })
    progress.end()
    const what = started.length === 0 ? 'everything was running' : `started ${listed(started)}`
    terminal.out(`lab ${spec.name} is up at ${server}: ${what} (${seconds(performance.now() - startMs)})\n`)
    if (spec.controlPlanes > 1) terminal.out(mayBeLost(spec.controlPlanes))
    if (nodes !== undefined && nodes < spec.nodes && flags.is('remove')) await takeAway(call, lab, { spec, nodes })
    else if (nodes !== undefined && nodes < spec.nodes) terminal.err(`the lab has ${spec.nodes} nodes and keeps them: "gantry lab up --name ${spec.name} --nodes ${nodes} --remove" drains those above ${nodes} and takes them away\n`)
    if (kubeconfigFile !== undefined) terminal.out(`context gantry-${spec.name} in ${kubeconfigFile} is the current one\n`)
  },
}
