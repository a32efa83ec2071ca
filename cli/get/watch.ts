/** `get -w`: what is there, then what changes. */
import type { ApiCall, ApiObject } from '../cluster/cluster.ts'
import type { Selection } from '../cluster/selection.ts'
import { follow, type Listed } from '../cluster/watch.ts'
import { namedItems, nameOf } from '../print/items.ts'
import { printerFor, type ObjectPrinter } from '../print/objects.ts'
import { createGrowingColumns } from '../print/growing-columns.ts'
import { headerOf, rowOf, type ServerTable } from '../print/table.ts'
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
  const list = async (): Promise<Listed<ApiObject>> => {
    const found = await cluster.json(request)
    return { items: namedItems(found, selection.resource), resourceVersion: found.metadata?.resourceVersion }
  }
  const known = await list()
  if (!call.flags.is('watch-only')) for (const item of known.items) await show('ADDED', item)
  for await (const { type, object } of follow<ApiObject>(cluster, { call: request, known, list, metadataOf: ({ metadata }) => metadata })) await show(type, object)
}

/** A table of one row for each: so a watch has them. */
const rowByRow = (table: ServerTable): readonly ServerTable[] => (table.rows ?? []).map((row) => ({ ...table, rows: [row] }))

async function watchAsTable(wanted: Wanted, selection: Selection, request: ApiCall): Promise<void> {
  const { call, cluster } = wanted
  const style = styleOf(wanted, selection)
  const asTable: ApiCall = { ...request, headers: { accept: TABLE_ACCEPT } }
  const events = call.flags.is('output-watch-events')
  let columns: ServerTable | undefined
  const list = async (): Promise<Listed<ServerTable>> => {
    const table = await cluster.json<ServerTable>(asTable)
    columns = table
    return { items: rowByRow(table), resourceVersion: table.metadata?.resourceVersion }
  }
  const known = await list()
  const rowsOf = (type: string, table: ServerTable): ReadonlyArray<readonly string[]> => (table.rows ?? []).map((row) => [...(events ? [type] : []), ...rowOf(row, columns ?? table, style)])
  const lines = createGrowingColumns(style.noHeaders || !columns ? [] : [...(events ? ['EVENT'] : []), ...headerOf(columns, style)])
  if (!call.flags.is('watch-only') && known.items.length > 0) call.terminal.out(lines(known.items.flatMap((table) => rowsOf('ADDED', table))))
  for await (const { type, object } of follow<ServerTable>(cluster, { call: asTable, known, list, metadataOf: ({ rows }) => rows?.[0]?.object?.metadata })) {
    // Only a stream's first event says what the columns are.
    if ((object.columnDefinitions ?? []).length > 0) columns = object
    call.terminal.out(lines(rowsOf(type, object)))
  }
}
