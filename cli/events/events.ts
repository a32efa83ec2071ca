import { systemClock } from '../../shared/kit/clock.ts'
import type { Event } from '../../shared/model/gen/api.ts'
import { formatMicroTime } from '../../shared/model/time.ts'
import type { ApiObject, Cluster } from '../cluster/cluster.ts'
import { oneSelected } from '../cluster/selection.ts'
import { follow, type Listed } from '../cluster/watch.ts'
import { intervalText } from '../describe/events.ts'
import { createGrowingColumns } from '../print/growing-columns.ts'
import { asList } from '../print/items.ts'
import { printerFor } from '../print/objects.ts'
import type { Call, Command } from '../program/command.ts'
import { list, text, toggle } from '../program/flags.ts'
import { lastMs } from './moment.ts'

export const events: Command = {
  name: 'events',
  summary: 'List events, oldest first',
  usage: '[(-o|--output=)FORMAT] [--for TYPE/NAME] [--types=Normal,Warning] [-f]',
  examples: '# What happened to a pod\ngantry events --for pod/web-0\n\n# Go on as more happens, through restarts of the control plane and changes of its leader\ngantry events -A --follow\n\n# To the millisecond\ngantry events --for node/n1 --timestamps',
  flags: [
    text('for', 'Only events of this object: TYPE/NAME'),
    list('types', 'Only events of these types: Normal, Warning'),
    toggle('watch', 'Go on as more happens', { short: 'w' }),
    toggle('follow', 'The same as --watch', { short: 'f' }),
    toggle('timestamps', 'When it happened last, to the millisecond (UTC), and not how long ago'),
    toggle('all-namespaces', 'In all namespaces', { short: 'A' }),
    toggle('no-headers', 'Do not print headers'),
    text('output', 'json, yaml, name …', { short: 'o' }),
    text('chunk-size', 'Accepted as kubectl has it', { default: '500' }),
  ],
  async run(call) {
    const { flags, terminal } = call
    const cluster = await call.cluster()
    const everywhere = flags.is('all-namespaces')
    const goesOn = flags.is('watch') || flags.is('follow')
    const wanted = await wantedEvents(call, cluster)
    const known = await wanted.list()
    const print = await printerFor(flags.text('output') ?? '')
    if (known.items.length === 0 && !goesOn && !print) return terminal.err(everywhere ? 'No events found.\n' : `No events found in ${cluster.namespace} namespace.\n`)
    const lines = createGrowingColumns(flags.is('no-headers') ? [] : [...(everywhere ? ['NAMESPACE'] : []), flags.is('timestamps') ? 'TIME' : 'LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'])
    const show = async (found: readonly Event[], isList: boolean): Promise<void> => {
      const items = found.map(asObject)
      if (print) for (const object of isList ? [asList(items)] : items) terminal.out(await print(object))
      else terminal.out(lines(found.map((event) => rowOf(event, { everywhere, exact: flags.is('timestamps'), nowMs: systemClock.nowMs() }))))
    }
    if (!goesOn || !print) await show(known.items, true)
    else for (const event of known.items) await show([event], false)
    if (!goesOn) return
    const at = { path: wanted.path, query: wanted.query, signal: call.signal }
    for await (const { type, object } of follow<Event>(cluster, { call: at, known, list: wanted.list, metadataOf: ({ metadata }) => metadata as ApiObject['metadata'] })) if (type !== 'DELETED' && wanted.isWanted(object)) await show([object], false)
  },
}

const asObject = (event: Event): ApiObject => ({ apiVersion: 'v1', kind: 'Event', ...event }) as unknown as ApiObject

interface WantedEvents {
  readonly path: string
  readonly query: Readonly<Record<string, string | undefined>>
  readonly isWanted: (event: Event) => boolean
  /** Those there are, oldest first. */
  readonly list: () => Promise<Listed<Event>>
}

async function wantedEvents(call: Call, cluster: Cluster): Promise<WantedEvents> {
  const path = call.flags.is('all-namespaces') ? '/api/v1/events' : `/api/v1/namespaces/${encodeURIComponent(cluster.namespace)}/events`
  const query = { fieldSelector: await aboutObject(call, cluster) }
  const isWanted = typeFilter(call)
  return {
    path,
    query,
    isWanted,
    async list() {
      const { items, metadata } = await cluster.json<{ readonly items: readonly Event[]; readonly metadata: { readonly resourceVersion?: string } }>({ path, query, signal: call.signal })
      return { items: items.filter(isWanted).toSorted((a, b) => lastMs(a) - lastMs(b)), resourceVersion: metadata.resourceVersion }
    },
  }
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

interface RowOptions {
  readonly everywhere: boolean
  readonly exact: boolean
  readonly nowMs: number
}

function rowOf(event: Event, { everywhere, exact, nowMs }: RowOptions): readonly string[] {
  const { kind = '', name = '' } = event.involvedObject
  const when = exact ? formatMicroTime(lastMs(event)).replace(/\d{3}Z$/, 'Z') : intervalText(event, nowMs)
  return [...(everywhere ? [event.metadata.namespace ?? ''] : []), when, event.type ?? '', event.reason ?? '', `${kind}/${name}`, (event.message ?? '').trim()]
}
