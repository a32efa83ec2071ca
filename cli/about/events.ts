import { systemClock } from '../../shared/kit/clock.ts'
import type { Event } from '../../shared/model/gen/api.ts'
import type { ApiObject, Cluster } from '../cluster/cluster.ts'
import { oneSelected } from '../cluster/selection.ts'
import { watch } from '../cluster/watch.ts'
import { intervalText, lastSeen } from '../describe/events.ts'
import { columnsOf } from '../print/columns.ts'
import { asList } from '../print/items.ts'
import { printerFor } from '../print/objects.ts'
import type { Call, Command } from '../program/command.ts'
import { list, text, toggle } from '../program/flags.ts'

const HEADER = ['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'] as const

export const events: Command = {
  name: 'events',
  summary: 'List events, oldest first',
  usage: '[(-o|--output=)FORMAT] [--for TYPE/NAME] [--types=Normal,Warning] [-w]',
  examples: '# What happened to a pod\ngantry events --for pod/web-0\n\n# Go on as more happens\ngantry events -w',
  flags: [text('for', 'Only events of this object: TYPE/NAME'), list('types', 'Only events of these types: Normal, Warning'), toggle('watch', 'Go on as more happens', { short: 'w' }), toggle('all-namespaces', 'In all namespaces', { short: 'A' }), toggle('no-headers', 'Do not print headers'), text('output', 'json, yaml, name …', { short: 'o' }), text('chunk-size', 'Accepted as kubectl has it', { default: '500' })],
  async run(call) {
    const { flags, terminal } = call
    const cluster = await call.cluster()
    const everywhere = flags.is('all-namespaces')
    const path = everywhere ? '/api/v1/events' : `/api/v1/namespaces/${encodeURIComponent(cluster.namespace)}/events`
    const query = { fieldSelector: await aboutObject(call, cluster) }
    const found = await cluster.json<{ readonly items: readonly Event[]; readonly metadata: { readonly resourceVersion?: string } }>({ path, query })
    const items = found.items.filter(typeFilter(call)).toSorted((a, b) => (lastSeen(a) < lastSeen(b) ? -1 : 1))
    const print = await printerFor(flags.text('output') ?? '')
    if (print) return terminal.out(await print(asList(items.map((item) => ({ apiVersion: 'v1', kind: 'Event', ...item }) as unknown as ApiObject))))
    if (items.length === 0 && !flags.is('watch')) return terminal.err(everywhere ? 'No events found.\n' : `No events found in ${cluster.namespace} namespace.\n`)
    const row = (event: Event): readonly string[] => rowOf(event, { everywhere, nowMs: systemClock.nowMs() })
    terminal.out(columnsOf(flags.is('no-headers') ? [] : [...(everywhere ? ['NAMESPACE'] : []), ...HEADER], items.map(row)))
    if (!flags.is('watch')) return
    for await (const { type, object } of watch<Event>(cluster, { path, query, resourceVersion: found.metadata.resourceVersion, signal: call.signal })) if (type !== 'DELETED' && typeFilter(call)(object)) terminal.out(columnsOf([], [row(object)]))
  },
}

function typeFilter({ flags }: Call): (event: Event) => boolean {
  const types = flags.list('types').flatMap((words) => words.split(',')).map((type) => type.toLowerCase())
  return ({ type = '' }) => types.length === 0 || types.includes(type.toLowerCase())
}

async function aboutObject({ flags }: Call, cluster: Cluster): Promise<string | undefined> {
  const about = flags.text('for')
  if (about === undefined) return undefined
  const { resource, name } = await oneSelected(cluster, [about], '--for must be in resource/name form')
  return `involvedObject.kind=${resource.kind},involvedObject.name=${name}`
}

function rowOf(event: Event, { everywhere, nowMs }: { readonly everywhere: boolean; readonly nowMs: number }): readonly string[] {
  const { kind = '', name = '' } = event.involvedObject
  return [...(everywhere ? [event.metadata.namespace ?? ''] : []), intervalText(event, nowMs), event.type ?? '', event.reason ?? '', `${kind}/${name}`, (event.message ?? '').trim()]
}
