/** `get -w`: what is there, then what changes. */
import type { ApiCall, ApiObject } from '../cluster/cluster.ts'
import type { Selection } from '../cluster/selection.ts'
import { watch, type WatchEvent } from '../cluster/watch.ts'
import { namedItems, nameOf } from '../print/items.ts'
import { printerFor, type ObjectPrinter } from '../print/objects.ts'
import { headerOf, rowOf, type ServerTable, type TableStyle } from '../print/table.ts'
import { Problem } from '../program/problem.ts'
import { styleOf, TABLE_ACCEPT } from './table-output.ts'
import { listCall, type Wanted } from './wanted.ts'

export async function watchObjects(wanted: Wanted): Promise<number> {
  const { call, selections } = wanted
  const [selection] = selections
  if (!selection || selections.length > 1) throw new Problem('you may only specify a single resource type when watching')
  if ((selection.names?.length ?? 0) > 1) throw new Problem('you can only watch one object of a type, or all that a selector takes')
  const print = await printerFor(wanted.output, { showManagedFields: call.flags.is('show-managed-fields'), noHeaders: call.flags.is('no-headers') })
  const request = requestFor(wanted, selection)
  if (print) await watchAsObjects(wanted, { selection, request, print })
  else await watchAsTable(wanted, selection, request)
  return 0
}

function requestFor(wanted: Wanted, { resource, names }: Selection): ApiCall {
  const request = listCall(wanted, resource)
  const [name] = names ?? []
  return { ...request, query: { ...request.query, ...(name === undefined ? {} : { fieldSelector: `metadata.name=${name}` }) }, signal: wanted.call.signal }
}

interface Objects {
  readonly selection: Selection
  readonly request: ApiCall
  readonly print: ObjectPrinter
}

async function watchAsObjects({ call, cluster, output }: Wanted, { selection, request, print }: Objects): Promise<void> {
  const show = async (type: string, object: ApiObject): Promise<void> => {
    if (!call.flags.is('output-watch-events')) return call.terminal.out(await print(object))
    call.terminal.out(output === 'name' ? `${type} ${nameOf(object)}\n` : await print({ type, object }))
  }
  const list = await cluster.json(request)
  if (!call.flags.is('watch-only')) for (const item of namedItems(list, selection.resource)) await show('ADDED', item)
  for await (const { type, object } of watch<ApiObject>(cluster, { ...request, resourceVersion: list.metadata?.resourceVersion })) await show(type, object)
}

async function watchAsTable(wanted: Wanted, selection: Selection, request: ApiCall): Promise<void> {
  const { call, cluster } = wanted
  const style = styleOf(wanted, selection)
  const asTable: ApiCall = { ...request, headers: { accept: TABLE_ACCEPT } }
  const events = call.flags.is('output-watch-events')
  const list = await cluster.json<ServerTable>(asTable)
  const lines = linesOfTable(style, events)
  if (!call.flags.is('watch-only') && (list.rows ?? []).length > 0) call.terminal.out(lines('ADDED', list))
  let columns = list
  for await (const { type, object } of watch<ServerTable>(cluster, { ...asTable, resourceVersion: list.metadata?.resourceVersion }) as AsyncIterable<WatchEvent<ServerTable>>) {
    // Only a stream's first event says what the columns are.
    if ((object.columnDefinitions ?? []).length > 0) columns = object
    call.terminal.out(lines(type, { ...object, ...(columns.columnDefinitions ? { columnDefinitions: columns.columnDefinitions } : {}) }))
  }
}

/** Columns keep the widths they once had, so that lines printed at different times stand below one another. */
function linesOfTable(style: TableStyle, events: boolean): (type: string, table: ServerTable) => string {
  const widths: number[] = []
  let headed = style.noHeaders
  return (type, table) => {
    const rows = (table.rows ?? []).map((row) => [...(events ? [type] : []), ...rowOf(row, table, style)])
    if (!headed) rows.unshift([...(events ? ['EVENT'] : []), ...headerOf(table, style)])
    headed = true
    for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 3, cell.length)
    return rows.map((row) => `${row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd((widths[at] ?? 0) + 3))).join('')}\n`).join('')
  }
}
