import type { Call, Command } from '../program/command.ts'
import { optional, text, toggle } from '../program/flags.ts'
import { parseDurationMs } from '../program/duration.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import { podsToRead } from './containers.ts'
import { printLogs } from './print-logs.ts'

export const logs: Command = {
  name: 'logs',
  summary: "Print what a pod's containers wrote",
  usage: '([POD | TYPE/NAME] | -l label) [-c CONTAINER]',
  examples: '# What the pod wrote\ngantry logs web-0\n\n# Go on as it writes\ngantry logs -f deployment/web\n\n# The container before its last restart\ngantry logs web-0 -p',
  flags: [
    toggle('follow', 'Go on as more is written', { short: 'f' }),
    text('container', 'Print the logs of this container', { short: 'c' }),
    toggle('all-containers', 'Print the logs of all containers'),
    toggle('all-pods', 'Print the logs of all pods of a workload'),
    toggle('previous', "Print the logs of the container's life before its last restart", { short: 'p' }),
    text('tail', 'Lines of recent log to print; -1 for all (10 with a selector)', { default: '-1' }),
    text('since', 'Only what is newer than a duration such as 5s, 2m or 3h', { default: '0s' }),
    text('since-time', 'Only what is newer than a time (RFC 3339)'),
    toggle('timestamps', 'Write the time before each line'),
    toggle('prefix', 'Write pod and container before each line'),
    text('selector', 'Label query to filter on', { short: 'l' }),
    text('max-log-requests', 'With a selector: how many logs to follow at a time', { default: '5' }),
    text('limit-bytes', 'Bytes to print at most; 0 for all', { default: '0' }),
    text('pod-running-timeout', 'How long to wait until a pod runs', { default: '20s' }),
    toggle('ignore-errors', 'Go on with other logs when one fails'),
    optional('insecure-skip-tls-verify-backend', 'Accepted as kubectl has it'),
  ],
  async run(call) {
    const { flags, args } = call
    if (args.length === 0 && !flags.given('selector')) throw usageProblem("Expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the logs command", 'logs')
    if (args.length > 0 && flags.given('selector')) throw new Problem('only a selector (-l) or a POD name is allowed')
    if (flags.given('since') && flags.given('since-time')) throw new Problem('at most one of `sinceTime` or `sinceSeconds` may be specified')
    const containers = await podsToRead(call)
    const most = Number(flags.text('max-log-requests'))
    if (flags.is('follow') && containers.length > most) throw new Problem(`you are attempting to follow ${containers.length} log streams, but maximum allowed concurrency is ${most}, use --max-log-requests to increase the limit`)
    return await printLogs(call, containers, logQuery(call))
  },
}

function logQuery({ flags }: Call): Readonly<Record<string, string | undefined>> {
  const sinceMs = parseDurationMs(flags.text('since') ?? '0s')
  const tail = flags.given('tail') || !flags.given('selector') ? Number(flags.text('tail')) : 10
  if (!Number.isInteger(tail) || tail < -1) throw new Problem('--tail must be greater than or equal to -1')
  return {
    follow: flags.is('follow') ? 'true' : undefined,
    previous: flags.is('previous') ? 'true' : undefined,
    timestamps: flags.is('timestamps') ? 'true' : undefined,
    sinceSeconds: sinceMs > 0 ? String(Math.max(1, Math.ceil(sinceMs / 1000))) : undefined,
    sinceTime: flags.text('since-time'),
    tailLines: tail >= 0 ? String(tail) : undefined,
    limitBytes: flags.text('limit-bytes') === '0' ? undefined : flags.text('limit-bytes'),
  }
}
