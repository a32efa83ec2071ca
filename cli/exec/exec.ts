import type { Pod } from '../../shared/model/gen/api.ts'
import { selectionsOf } from '../cluster/selection.ts'
import { checkContainer, defaultContainer } from '../logs/containers.ts'
import type { Call, Command } from '../program/command.ts'
import { text, toggle, type Flag } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import { podsOf } from '../workloads/pods-of.ts'
import { runSession } from './session.ts'

const FLAGS: readonly Flag[] = [
  text('container', 'The container; the first one unless given', { short: 'c' }),
  toggle('stdin', 'Pass what comes in on', { short: 'i' }),
  toggle('tty', 'What comes in is a terminal', { short: 't' }),
  toggle('quiet', 'Only print what the command writes', { short: 'q' }),
  text('pod-running-timeout', 'How long to wait until a pod runs', { default: '1m0s' }),
]

export const exec: Command = {
  name: 'exec',
  summary: 'Run a command in a container',
  usage: '(POD | TYPE/NAME) [-c CONTAINER] -- COMMAND [args...]',
  examples: '# One command\ngantry exec web-0 -- date\n\n# A shell\ngantry exec -it deployment/web -- sh',
  flags: FLAGS,
  async run(call) {
    const { args, afterDash } = call
    const [target, ...more] = args
    if (target === undefined) throw usageProblem('pod, type/name or --filename must be specified', 'exec')
    if (more.length > 0 && afterDash === undefined) throw usageProblem('exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead', 'exec')
    if (afterDash === undefined || afterDash.length === 0) throw usageProblem('you must specify at least one command for the container', 'exec')
    return await runOn(call, target, { subresource: 'exec', command: afterDash })
  },
}

export const attach: Command = {
  name: 'attach',
  summary: 'Attach to the process that runs in a container',
  usage: '(POD | TYPE/NAME) [-c CONTAINER]',
  flags: FLAGS,
  async run(call) {
    const [target] = call.args
    if (target === undefined) throw usageProblem('pod, type/name or --filename must be specified', 'attach')
    return await runOn(call, target, { subresource: 'attach', command: [] })
  },
}

interface What {
  readonly subresource: 'exec' | 'attach'
  readonly command: readonly string[]
}

async function runOn(call: Call, target: string, { subresource, command }: What): Promise<number> {
  const { flags, terminal } = call
  const pod = await podOf(call, target)
  const tell = flags.is('quiet') ? () => {} : terminal.err
  const named = flags.text('container')
  const container = named === undefined ? defaultContainer(pod, tell) : checkContainer(pod, named)
  const phase = pod.status?.phase
  if (phase === 'Succeeded' || phase === 'Failed') throw new Problem(`cannot exec into a container in a completed pod; current phase is ${phase}`)
  const stdin = flags.is('stdin')
  const tty = flags.is('tty') && stdin && process.stdin.isTTY
  if (flags.is('tty') && stdin && !tty) tell('Unable to use a TTY - input is not a terminal or the right kind of file\n')
  const query = new URLSearchParams([...command.map((word): [string, string] => ['command', word]), ['container', container], ['stdout', 'true'], ...(tty ? [['tty', 'true'] as [string, string]] : [['stderr', 'true'] as [string, string]]), ...(stdin ? [['stdin', 'true'] as [string, string]] : [])])
  return await runSession(call, { path: `/api/v1/namespaces/${pod.metadata.namespace ?? ''}/pods/${pod.metadata.name ?? ''}/${subresource}?${query.toString()}`, stdin, tty })
}

async function podOf(call: Call, target: string): Promise<Pod> {
  const cluster = await call.cluster()
  if (!target.includes('/')) return await cluster.json<Pod>({ path: `/api/v1/namespaces/${encodeURIComponent(cluster.namespace)}/pods/${encodeURIComponent(target)}` })
  const [selection] = await selectionsOf(cluster, [target])
  const [pod] = selection ? await podsOf(cluster, { resource: selection.resource, name: selection.names?.[0] ?? '' }) : []
  if (!pod) throw new Problem(`no pods of ${target} were found: see "gantry describe ${target}"`)
  return pod
}
