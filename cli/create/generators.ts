/** Objects made from words on the command line. */
import { basename } from 'node:path'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import type { ApiObject } from '../cluster/cluster.ts'
import { objectName, pathOf, resourceOfKind } from '../cluster/resources.ts'
import { isStatusProblem } from '../cluster/status-problem.ts'
import type { Call, Command } from '../program/command.ts'
import { list, text, toggle, type Flag } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import { DRY_RUN, dryRunOf, fieldManager, MANAGED_FIELDS, OUTPUT, report, VALIDATE, withNamespace, writeQuery } from '../write/writing.ts'

const WRITE_FLAGS: readonly Flag[] = [OUTPUT, DRY_RUN, VALIDATE, fieldManager('kubectl-create'), MANAGED_FIELDS, toggle('save-config', 'Accepted as kubectl has it')]

type Made = ApiObject & { readonly apiVersion: string; readonly kind: string }

interface Generator {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly summary: string
  readonly usage?: string
  readonly flags?: readonly Flag[]
  readonly make: (call: Call, name: string) => Made
}

/** @throws Problem unless exactly one name is given */
export function nameGiven({ args, command }: Call): string {
  const [name, ...more] = args
  if (name === undefined || more.length > 0) throw usageProblem(`exactly one NAME is required, got ${args.length}`, command)
  return name
}

const generator = ({ make, flags = [], usage = 'NAME', ...rest }: Generator): Command => ({
  ...rest,
  usage,
  flags: [...flags, ...WRITE_FLAGS],
  run: async (call) => await createMade(call, make(call, nameGiven(call))),
})

export async function createMade(call: Call, made: Made, verb = 'created'): Promise<void> {
  const cluster = await call.cluster()
  const resource = await resourceOfKind(cluster, made)
  const namespace = resource.namespaced ? cluster.namespace : undefined
  const name = objectName(resource, made.metadata?.name ?? '')
  if (dryRunOf(call) === 'client') return await report(call, cluster.target.namespaceGiven ? withNamespace(made, namespace) : made, { name, verb })
  try {
    const created = await cluster.json({ method: 'POST', path: pathOf(resource, { namespace }), query: { ...writeQuery(call), fieldValidation: 'Strict' }, body: withNamespace(made, namespace) })
    await report(call, created, { name, verb })
  } catch (error) {
    if (!isStatusProblem(error) || error.status.reason === 'Invalid') throw error
    throw new Problem(`failed to create ${made.kind.toLowerCase()}: ${error.message}`, { cause: error })
  }
}

/** `KEY=VALUE` words. */
function pairs(words: readonly string[], flag: string): ReadonlyArray<readonly [string, string]> {
  return words.map((word) => {
    const at = word.indexOf('=')
    if (at < 1) throw new Problem(`invalid ${flag} source ${word}, expected key=value`)
    return [word.slice(0, at), word.slice(at + 1)]
  })
}

function readFile(path: string, flag: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Problem(`error reading ${path} of --${flag}: ${(error as Error).message}`, { cause: error })
  }
}

/** `[KEY=]PATH`: a file, or each file of a folder. */
function filesOf(word: string): ReadonlyArray<readonly [string, Buffer]> {
  const at = word.indexOf('=')
  const path = word.slice(at + 1)
  if (at > 0) return [[word.slice(0, at), readFile(path, 'from-file')]]
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [[basename(path), readFile(path, 'from-file')]]
  return readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => [entry.name, readFile(`${path}/${entry.name}`, 'from-file')])
}

function envFileLines(path: string): ReadonlyArray<readonly [string, string]> {
  return readFile(path, 'from-env-file').toString().split('\n').map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#')).map((line) => (line.includes('=') ? [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] : [line, process.env[line] ?? '']))
}

const SOURCES: readonly Flag[] = [list('from-literal', 'KEY=VALUE'), list('from-file', 'A file, KEY=FILE, or a folder of files'), list('from-env-file', 'A file of KEY=VALUE lines')]

function contents({ flags }: Call): ReadonlyArray<readonly [string, Buffer]> {
  const found: Array<readonly [string, Buffer]> = [
    ...flags.list('from-file').flatMap(filesOf),
    ...pairs(flags.list('from-literal'), 'literal').map(([key, value]) => [key, Buffer.from(value)] as const),
    ...flags.list('from-env-file').flatMap(envFileLines).map(([key, value]) => [key, Buffer.from(value)] as const),
  ]
  const seen = new Set<string>()
  for (const [key] of found) {
    if (seen.has(key)) throw new Problem(`cannot add key "${key}", another key by that name already exists`)
    seen.add(key)
  }
  return found
}

const isText = (bytes: Buffer): boolean => Buffer.from(bytes.toString('utf8')).equals(bytes)
const base64 = (bytes: Buffer): string => bytes.toString('base64')

const configMap = generator({
  name: 'configmap',
  aliases: ['cm'],
  summary: 'Create a config map from files and words',
  usage: 'NAME [--from-literal=KEY=VALUE] [--from-file=[KEY=]FILE]',
  flags: SOURCES,
  make(call, name) {
    const all = contents(call)
    const data = Object.fromEntries(all.filter(([, bytes]) => isText(bytes)).map(([key, bytes]) => [key, bytes.toString()]))
    const binaryData = Object.fromEntries(all.filter(([, bytes]) => !isText(bytes)).map(([key, bytes]) => [key, base64(bytes)]))
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, ...(Object.keys(data).length > 0 ? { data } : {}), ...(Object.keys(binaryData).length > 0 ? { binaryData } : {}) }
  },
})

const secretOf = (name: string, type: string | undefined, data: Readonly<Record<string, string>>): Made => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, ...(type === undefined ? {} : { type }), ...(Object.keys(data).length > 0 ? { data } : {}) })

const secret: Command = {
  name: 'secret',
  summary: 'Create a secret',
  subcommands: [
    generator({ name: 'generic', summary: 'Create a secret from files and words', usage: 'NAME [--from-literal=KEY=VALUE] [--from-file=[KEY=]FILE]', flags: [...SOURCES, text('type', 'The type of the secret')], make: (call, name) => secretOf(name, call.flags.text('type'), Object.fromEntries(contents(call).map(([key, bytes]) => [key, base64(bytes)]))) }),
    generator({
      name: 'tls',
      summary: 'Create a secret that holds a certificate and its key',
      usage: 'NAME --cert=FILE --key=FILE',
      flags: [text('cert', 'PEM file of the certificate'), text('key', 'PEM file of its key')],
      make(call, name) {
        const read = (flag: string): string => base64(readFile(call.flags.text(flag) ?? '', flag))
        for (const flag of ['key', 'cert']) if (!call.flags.given(flag)) throw new Problem(`${flag} must be specified`)
        return secretOf(name, 'kubernetes.io/tls', { 'tls.crt': read('cert'), 'tls.key': read('key') })
      },
    }),
  ],
}

function replicasGiven(call: Call): number {
  const given = Number(call.flags.text('replicas') ?? '1')
  if (!Number.isInteger(given) || given < 0) throw new Problem(`invalid argument "${call.flags.text('replicas')}" for "-r, --replicas" flag: give a number`)
  return given
}

/** `busybox` of `docker.io/library/busybox:1.35` */
const containerName = (image: string): string => (image.split('/').at(-1) ?? image).split(/[:@]/)[0]?.toLowerCase().replace(/[^a-z0-9-]/g, '-') ?? 'main'

const deployment = generator({
  name: 'deployment',
  aliases: ['deploy'],
  summary: 'Create a deployment',
  usage: 'NAME --image=IMAGE -- [COMMAND] [args...]',
  flags: [list('image', 'Images of its containers'), text('port', 'The port that the container listens on'), text('replicas', 'How many', { short: 'r', default: '1' })],
  make(call, name) {
    const images = call.flags.list('image').flatMap((words) => words.split(','))
    if (images.length === 0) throw new Problem('required flag(s) "image" not set')
    const command = call.afterDash ?? []
    if (images.length > 1 && command.length > 0) throw new Problem('cannot specify multiple --image options and command')
    const port = call.flags.text('port')
    const labels = { app: name }
    const containers = images.map((image) => ({ name: containerName(image), image, ...(command.length > 0 ? { command } : {}), ...(port === undefined ? {} : { ports: [{ containerPort: Number(port) }] }), resources: {} }))
    return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, labels }, spec: { replicas: replicasGiven(call), selector: { matchLabels: labels }, strategy: {}, template: { metadata: { labels }, spec: { containers } } } }
  },
})

function servicePorts(call: Call): readonly unknown[] {
  return call.flags.list('tcp').flatMap((words) => words.split(',')).map((word) => {
    const [port = '', target = port] = word.split(':')
    if (!/^\d+$/.test(port)) throw new Problem(`unable to parse port "${word}": write PORT or PORT:TARGET`)
    const nodePort = Number(call.flags.text('node-port') ?? '0')
    return { name: word.replace(':', '-'), port: Number(port), protocol: 'TCP', targetPort: /^\d+$/.test(target) ? Number(target) : target, ...(nodePort > 0 ? { nodePort } : {}) }
  })
}

const SERVICE_FLAGS: readonly Flag[] = [list('tcp', 'PORT or PORT:TARGET'), text('node-port', 'The port on the nodes')]

const serviceOf = (name: string, summary: string, spec: (call: Call, ports: readonly unknown[]) => Readonly<Record<string, unknown>>): Command =>
  generator({
    name,
    summary,
    usage: 'NAME [--tcp=PORT:TARGET]',
    flags: [...SERVICE_FLAGS, text('clusterip', 'An address, or None for a headless service'), text('external-name', 'The name that an ExternalName service stands for')],
    make(call, serviceName) {
      const ports = servicePorts(call)
      const labels = { app: serviceName }
      return { apiVersion: 'v1', kind: 'Service', metadata: { name: serviceName, labels }, spec: { ...(ports.length > 0 ? { ports } : {}), selector: labels, ...spec(call, ports) } }
    },
  })

const needPorts = (ports: readonly unknown[]): void => {
  if (ports.length === 0) throw new Problem('at least one tcp port specifier must be provided')
}

const service: Command = {
  name: 'service',
  aliases: ['svc'],
  summary: 'Create a service',
  subcommands: [
    serviceOf('clusterip', 'Create a service with an address in the cluster', (call, ports) => {
      const clusterIP = call.flags.text('clusterip')
      if (clusterIP !== 'None') needPorts(ports)
      return { type: 'ClusterIP', ...(clusterIP === undefined ? {} : { clusterIP }) }
    }),
    serviceOf('nodeport', 'Create a service with a port on every node', (_call, ports) => {
      needPorts(ports)
      return { type: 'NodePort' }
    }),
    serviceOf('loadbalancer', 'Create a service behind a load balancer', (_call, ports) => {
      needPorts(ports)
      return { type: 'LoadBalancer' }
    }),
    serviceOf('externalname', 'Create a service that is another name', (call) => {
      const externalName = call.flags.text('external-name')
      if (externalName === undefined) throw new Problem('external-name must be specified')
      return { type: 'ExternalName', externalName }
    }),
  ],
}

const namespace = generator({ name: 'namespace', aliases: ['ns'], summary: 'Create a namespace', make: (_call, name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }) })
const serviceAccount = generator({ name: 'serviceaccount', aliases: ['sa'], summary: 'Create a service account', make: (_call, name) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } }) })

export const GENERATORS: readonly Command[] = [configMap, deployment, namespace, secret, service, serviceAccount]
