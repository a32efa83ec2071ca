import type { PodTemplateSpec } from '../../shared/model/gen/api.ts'
import type { ApiObject } from '../cluster/cluster.ts'
import { createMade } from '../create/generators.ts'
import type { Call, Command } from '../program/command.ts'
import { text, toggle } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { fetchTarget, TARGET_FLAGS, targetsOf, type Target } from '../write/targets.ts'
import { DRY_RUN, fieldManager, MANAGED_FIELDS, OUTPUT } from '../write/writing.ts'

export const expose: Command = {
  name: 'expose',
  summary: 'Put a service before pods',
  usage: '(-f FILENAME | TYPE NAME) [--port=PORT] [--target-port=PORT] [--type=TYPE]',
  examples: '# Port 80 of the service leads to 8080 of the pods\ngantry expose deployment web --port=80 --target-port=8080',
  flags: [...TARGET_FLAGS.filter(({ name }) => name !== 'selector'), text('selector', 'The labels of the pods'), text('port', 'The port of the service'), text('target-port', 'The port of the pods'), text('protocol', 'TCP, UDP or SCTP'), text('name', "The service's name"), text('type', 'ClusterIP, NodePort, LoadBalancer or ExternalName'), text('cluster-ip', 'An address, or None'), text('labels', 'Labels of the service', { short: 'L' }), toggle('save-config', 'Accepted as kubectl has it'), OUTPUT, DRY_RUN, fieldManager('kubectl-expose'), MANAGED_FIELDS],
  async run(call) {
    const cluster = await call.cluster()
    for (const target of await targetsOf(call, call.args)) await createMade(call, serviceFor(call, target, await fetchTarget(cluster, target)), 'exposed')
  },
}

const labelsFrom = (words: string): Readonly<Record<string, string>> => Object.fromEntries(words.split(',').map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]))

function selectorFor({ resource, shown }: Target, object: ApiObject): Readonly<Record<string, string>> {
  const { selector } = (object['spec'] ?? {}) as { readonly selector?: Readonly<Record<string, unknown>> }
  if (resource.plural === 'pods') return object.metadata?.labels ?? {}
  const found = resource.plural === 'services' ? selector : selector?.['matchLabels']
  if (!found || Object.keys(found).length === 0) throw new Problem(`couldn't retrieve selectors via --selector flag or introspection: ${shown} selects no pods`)
  return found as Readonly<Record<string, string>>
}

interface Port {
  readonly name?: string
  readonly port: number
  readonly protocol: string
  readonly targetPort: number | string
}

function portsFor({ flags }: Call, object: ApiObject): readonly Port[] {
  const spec = object['spec'] as { readonly template?: PodTemplateSpec; readonly containers?: NonNullable<PodTemplateSpec['spec']>['containers']; readonly ports?: ReadonlyArray<{ readonly port: number; readonly protocol?: string }> }
  const own = (spec.template?.spec?.containers ?? spec.containers ?? []).flatMap(({ ports = [] }) => ports).map(({ containerPort, protocol }) => ({ port: containerPort, protocol: protocol ?? 'TCP' }))
  const found = own.length > 0 ? own : (spec.ports ?? []).map(({ port, protocol }) => ({ port, protocol: protocol ?? 'TCP' }))
  const given = flags.text('port')?.split(',').map((port) => ({ port: Number(port), protocol: flags.text('protocol') ?? 'TCP' }))
  const ports = given ?? found
  if (ports.length === 0) throw new Problem("couldn't find port via --port flag or introspection")
  const target = flags.text('target-port')
  return ports.map(({ port, protocol }, at) => ({ ...(ports.length > 1 ? { name: `port-${at + 1}` } : {}), port, protocol, targetPort: target === undefined ? port : /^\d+$/.test(target) ? Number(target) : target }))
}

function serviceFor(call: Call, target: Target, object: ApiObject): ApiObject & { readonly apiVersion: string; readonly kind: string } {
  const { flags } = call
  const selector = flags.text('selector') === undefined ? selectorFor(target, object) : labelsFrom(flags.text('selector') ?? '')
  const labels = flags.text('labels') === undefined ? (object.metadata?.labels ?? {}) : labelsFrom(flags.text('labels') ?? '')
  const type = flags.text('type')
  const clusterIP = flags.text('cluster-ip')
  return { apiVersion: 'v1', kind: 'Service', metadata: { name: flags.text('name') ?? target.name, ...(Object.keys(labels).length > 0 ? { labels } : {}) }, spec: { ports: portsFor(call, object), selector, ...(type === undefined ? {} : { type }), ...(clusterIP === undefined ? {} : { clusterIP }) } }
}
