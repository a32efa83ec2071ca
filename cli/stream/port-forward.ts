/** Local ports that lead to ports of a pod: one WebSocket for each connection. */
import { createServer, type Server, type Socket } from 'node:net'
import type { ApiObject, Cluster } from '../cluster/cluster.ts'
import { oneSelected } from '../cluster/selection.ts'
import { pathOf } from '../cluster/resources.ts'
import type { Call, Command } from '../program/command.ts'
import { list, text } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import type { Pod, Service } from '../../shared/model/gen/api.ts'
import { podsOf } from '../workloads/pods-of.ts'
import { openChannels, type ChannelSocket } from './channels.ts'

const DATA = 0
const ERROR = 1
/** Each channel begins with the number of its port. */
const PREFIX_BYTES = 2

interface Forward {
  /** 0: any that is free. */
  readonly local: number
  readonly remote: number
}

export const portForward: Command = {
  name: 'port-forward',
  summary: 'Forward local ports to a pod',
  usage: 'TYPE/NAME [LOCAL_PORT:]REMOTE_PORT [...]',
  examples: '# Port 8080 here is port 80 there\ngantry port-forward service/web 8080:80',
  flags: [list('address', 'Addresses to listen on', { default: 'localhost' }), text('pod-running-timeout', 'How long to wait until a pod runs', { default: '1m0s' })],
  async run(call) {
    const [target, ...ports] = call.args
    if (target === undefined || ports.length === 0) throw usageProblem('TYPE/NAME and list of ports are required for port-forward', 'port-forward')
    const cluster = await call.cluster()
    const { resource, name } = await oneSelected(cluster, [target.includes('/') ? target : `pods/${target}`], 'port-forward takes one TYPE/NAME')
    const [pod] = await podsOf(cluster, { resource, name })
    if (!pod) throw new Problem(`no pods of ${target} were found: see "gantry describe ${target}"`)
    if (pod.status?.phase !== 'Running') throw new Problem(`unable to forward port because pod is not running. Current status=${pod.status?.phase ?? 'Unknown'}`)
    const service = resource.plural === 'services' ? await cluster.json<ApiObject>({ path: pathOf(resource, { namespace: cluster.namespace, name }) }) : undefined
    const forwards = ports.map((words) => forwardOf(words, { pod, service: service as Service | undefined }))
    await listen(call, pod, forwards)
  },
}

interface Named {
  readonly pod: Pod
  readonly service: Service | undefined
}

function forwardOf(words: string, named: Named): Forward {
  const [first = '', second] = words.split(':')
  const remote = second ?? first
  const port = remotePort(remote, named)
  const local = second === undefined ? (/^\d+$/.test(first) ? Number(first) : port) : first === '' ? 0 : Number(first)
  if (!Number.isInteger(local) || local > 65_535) throw new Problem(`error parsing local port '${first}': it is a number up to 65535`)
  return { local, remote: port }
}

/** A service's port leads to its pods' target port; a name is looked up where it is given. */
function remotePort(remote: string, { pod, service }: Named): number {
  const containerPort = (name: string): number | undefined => pod.spec?.containers.flatMap(({ ports = [] }) => ports).find((one) => one.name === name)?.containerPort
  if (service) {
    const found = service.spec?.ports?.find(({ name, port }) => name === remote || String(port) === remote)
    if (!found) throw new Problem(`Service ${service.metadata.name ?? ''} does not have a service port ${remote}`)
    const target = found.targetPort ?? found.port
    const number = typeof target === 'number' ? target : containerPort(target)
    if (number !== undefined) return number
  }
  const number = /^\d+$/.test(remote) ? Number(remote) : containerPort(remote)
  if (number === undefined || number < 1 || number > 65_535) throw new Problem(`Pod '${pod.metadata.name ?? ''}' does not have a named port '${remote}'`)
  return number
}

async function listen(call: Call, pod: Pod, forwards: readonly Forward[]): Promise<void> {
  const cluster = await call.cluster()
  const given = call.flags.list('address').flatMap((words) => words.split(','))
  const hosts = (given.length > 0 ? given : ['localhost']).flatMap((host) => (host === 'localhost' ? ['127.0.0.1', '::1'] : [host]))
  const servers: Server[] = []
  for (const { local, remote } of forwards) {
    let port = local
    for (const host of hosts) {
      const server = createServer((socket) => {
        call.terminal.out(`Handling connection for ${port}\n`)
        void forward({ cluster, pod, port: remote, socket, tell: call.terminal.err })
      })
      const bound = await bind(server, port, host)
      if (bound === undefined && host === '::1') continue
      if (bound === undefined) throw new Problem(`unable to listen on ${host}:${port}: is the port taken? Give another: gantry port-forward ${call.args[0] ?? ''} OTHER:${remote}`)
      port = bound
      servers.push(server)
      call.terminal.out(`Forwarding from ${host.includes(':') ? `[${host}]` : host}:${port} -> ${remote}\n`)
    }
  }
  await new Promise<void>((resolve) => (call.signal.aborted ? resolve() : call.signal.addEventListener('abort', () => resolve(), { once: true })))
  for (const server of servers) server.close()
}

function bind(server: Server, port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined))
    server.listen(port, host, () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

interface Connection {
  readonly cluster: Cluster
  readonly pod: Pod
  readonly port: number
  readonly socket: Socket
  readonly tell: (text: string) => void
}

async function forward({ cluster, pod, port, socket, tell }: Connection): Promise<void> {
  const skipped = new Map([
    [DATA, PREFIX_BYTES],
    [ERROR, PREFIX_BYTES],
  ])
  socket.on('error', () => {})
  socket.pause()
  let channels: ChannelSocket
  try {
    channels = await openChannels(cluster.target, `/api/v1/namespaces/${pod.metadata.namespace ?? ''}/pods/${pod.metadata.name ?? ''}/portforward?ports=${port}`, {
      protocols: ['v4.channel.k8s.io'],
      onClose: () => socket.end(),
      onChunk(channel, bytes) {
        const skip = Math.min(skipped.get(channel) ?? 0, bytes.length)
        skipped.set(channel, (skipped.get(channel) ?? 0) - skip)
        const rest = bytes.subarray(skip)
        if (rest.length === 0) return
        if (channel === DATA) socket.write(rest)
        else tell(`an error occurred forwarding ${port}: ${rest.toString()}\n`)
      },
    })
  } catch (error) {
    tell(`error forwarding port ${port}: ${(error as Error).message}\n`)
    return void socket.destroy()
  }
  socket.on('data', (bytes: Buffer) => channels.send(DATA, bytes))
  socket.on('close', () => channels.close())
  socket.resume()
}
