/** `debug`: a container more in a pod that runs, with the tools that its own containers lack. */
import { setTimeout as pause } from 'node:timers/promises'
import type { ContainerStatus, EphemeralContainer, Pod } from '../../shared/model/gen/api.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { runSession } from '../exec/session.ts'
import { checkContainer } from '../logs/containers.ts'
import type { Call, Command } from '../program/command.ts'
import { parseDurationMs } from '../program/duration.ts'
import { list, text, toggle } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import { securityOf } from './profiles.ts'

export const debug: Command = {
  name: 'debug',
  summary: 'Run a container more in a pod, to look into it',
  usage: '(POD | pod/POD) --image=IMAGE [-it] [-- COMMAND [args...]]',
  examples: '# A shell beside the containers of a pod\ngantry debug -it web-0 --image=busybox:1.36 -- sh\n\n# One that sees the processes of a container\ngantry debug -it web-0 --image=busybox:1.36 --target=httpd -- sh',
  flags: [
    text('image', 'The image of the container'),
    text('container', 'How to name it; chosen unless given', { short: 'c' }),
    text('target', 'See the processes of this container'),
    text('profile', 'What it may do: legacy, general, baseline, restricted, netadmin or sysadmin', { default: 'general' }),
    text('image-pull-policy', 'When to pull the image'),
    list('env', 'NAME=VALUE for its environment'),
    toggle('stdin', 'Pass what comes in on', { short: 'i' }),
    toggle('tty', 'What comes in is a terminal', { short: 't' }),
    toggle('attach', 'Attach to it as soon as it runs; follows --stdin unless given'),
    toggle('quiet', 'Only print what the container writes', { short: 'q' }),
    text('copy-to', 'Not here: kubectl debug --copy-to makes a changed copy of the pod'),
  ],
  run: runDebug,
}

async function runDebug(call: Call): Promise<number> {
  const { args, flags, afterDash, terminal } = call
  const [target, ...more] = args
  if (target === undefined || more.length > 0) throw usageProblem('a pod must be named', 'debug')
  if (flags.given('copy-to')) throw new Problem('gantry debug adds a container to the pod itself; for a changed copy of it use "kubectl debug --copy-to"')
  const [type, name = type ?? ''] = target.includes('/') ? target.split('/') : ['pod', target]
  if (!['pod', 'pods', 'po'].includes(type ?? '')) throw new Problem(`gantry debug looks into pods; "${type}" is none: for a node "kubectl debug ${target}" makes a pod there`)
  const image = flags.text('image')
  if (image === undefined) throw usageProblem('you must specify --image', 'debug')
  const cluster = await call.cluster()
  const path = `/api/v1/namespaces/${encodeURIComponent(cluster.namespace)}/pods/${encodeURIComponent(name)}`
  const pod = await cluster.json<Pod>({ path })
  const container = containerFor(call, pod, { image, command: afterDash })
  await cluster.json({ method: 'PATCH', path: `${path}/ephemeralcontainers`, contentType: 'application/strategic-merge-patch+json', body: { spec: { ephemeralContainers: [container] } } })
  if (!flags.given('container') && !flags.is('quiet')) terminal.err(`Defaulting debug container name to ${container.name}.\n`)
  const attaches = flags.given('attach') ? flags.is('attach') : flags.is('stdin')
  return attaches ? await attachTo(call, cluster, { path, container }) : 0
}

function containerFor({ flags }: Call, pod: Pod, { image, command }: { readonly image: string; readonly command: readonly string[] | undefined }): EphemeralContainer {
  const target = flags.text('target')
  if (target !== undefined) checkContainer(pod, target)
  const taken = new Set([...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []), ...(pod.spec?.ephemeralContainers ?? [])].map(({ name }) => name))
  const name = flags.text('container') ?? freeName(taken)
  if (taken.has(name)) throw new Problem(`container ${name} exists in pod ${pod.metadata.name ?? ''} already, and containers for debugging cannot be changed: give it another name with -c`)
  const env = flags.list('env').map((pair) => {
    const at = pair.indexOf('=')
    if (at <= 0) throw new Problem(`invalid --env "${pair}": it is NAME=VALUE`)
    return { name: pair.slice(0, at), value: pair.slice(at + 1) }
  })
  const securityContext = securityOf(flags.text('profile') ?? '')
  return {
    name,
    image,
    terminationMessagePolicy: 'File',
    ...(command && command.length > 0 && { command: [...command] }),
    ...(env.length > 0 && { env }),
    ...(flags.given('image-pull-policy') && { imagePullPolicy: flags.text('image-pull-policy') ?? '' }),
    ...(flags.is('stdin') && { stdin: true }),
    ...(flags.is('tty') && { tty: true }),
    ...(target !== undefined && { targetContainerName: target }),
    ...(securityContext && { securityContext }),
  }
}

function freeName(taken: ReadonlySet<string>): string {
  for (let number = 1; ; number++) if (!taken.has(`debugger-${number}`)) return `debugger-${number}`
}

const LOOK_MS = 100
const START_MS = parseDurationMs('5m')

async function attachTo(call: Call, cluster: Cluster, { path, container }: { readonly path: string; readonly container: EphemeralContainer }): Promise<number> {
  const { flags, terminal } = call
  const state = await started(call, cluster, { path, name: container.name })
  if (state.terminated) {
    terminal.out(await cluster.text({ path: `${path}/log`, query: { container: container.name }, headers: { accept: '*/*' } }))
    return 0
  }
  const tty = flags.is('tty') && flags.is('stdin') && process.stdin.isTTY
  if (!flags.is('quiet') && tty) terminal.err("If you don't see a command prompt, try pressing enter.\n")
  const query = new URLSearchParams([['container', container.name], ['stdout', 'true'], ...(tty ? [['tty', 'true'] as [string, string]] : [['stderr', 'true'] as [string, string]]), ...(flags.is('stdin') ? [['stdin', 'true'] as [string, string]] : [])])
  return await runSession(call, { path: `${path}/attach?${query.toString()}`, stdin: flags.is('stdin'), tty })
}

/** Its state as soon as it runs or has run. @throws Problem when it cannot */
async function started(call: Call, cluster: Cluster, { path, name }: { readonly path: string; readonly name: string }): Promise<NonNullable<ContainerStatus['state']>> {
  let waiting = ''
  for (let waitedMs = 0; waitedMs < START_MS && !call.signal.aborted; waitedMs += LOOK_MS) {
    const { status } = await cluster.json<Pod>({ path })
    const state = status?.ephemeralContainerStatuses?.find((one) => one.name === name)?.state
    if (state?.running || state?.terminated) return state
    const { reason = '', message = '' } = state?.waiting ?? {}
    if (/^(ErrImage|ImagePull|InvalidImage|CreateContainer)/.test(reason)) throw new Problem(`container ${name} cannot start: ${reason}${message === '' ? '' : `: ${message}`}`)
    waiting = reason
    await pause(LOOK_MS)
  }
  throw new Problem(`container ${name} does not run${waiting === '' ? '' : ` (${waiting})`}: see "gantry describe pod"`)
}
