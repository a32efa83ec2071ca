/** Tables as the server makes them; of several types one below the other. */
import type { ApiCall } from '../cluster/cluster.ts'
import type { Selection } from '../cluster/selection.ts'
import { columnsOf } from '../print/columns.ts'
import { headerOf, rowOf, type ServerRow, type ServerTable, type TableStyle } from '../print/table.ts'
import { objectCall, pagesOf, refusalsTold, type Wanted } from './wanted.ts'

export const TABLE_ACCEPT = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

export function styleOf({ call: { flags }, namespace, output, selections }: Wanted, { resource }: Selection): TableStyle {
  return {
    wide: output === 'wide',
    noHeaders: flags.is('no-headers'),
    withNamespace: namespace === undefined && resource.namespaced,
    showLabels: flags.is('show-labels'),
    labelColumns: flags.list('label-columns').flatMap((words) => words.split(',')),
    kindOf: flags.is('show-kind') || new Set(selections.map((one) => one.resource)).size > 1 ? resource : undefined,
  }
}

interface Found {
  readonly selection: Selection
  /** The column definitions. */
  readonly columns: ServerTable
  readonly rows: readonly ServerRow[]
}

export async function printTables(wanted: Wanted): Promise<number> {
  const { call, cluster, selections } = wanted
  const includeObject = call.flags.given('sort-by') ? 'Object' : undefined
  const table = (request: ApiCall): Promise<ServerTable> => cluster.json<ServerTable>({ ...request, query: { ...request.query, includeObject }, headers: { accept: TABLE_ACCEPT } })
  const found: Found[] = []
  let missing = false
  const refused = await refusalsTold(selections, call, async (selection) => {
    const tables: ServerTable[] = []
    if (selection.names) missing = (await refusalsTold(selection.names, call, async (name) => void tables.push(await table(objectCall(wanted, selection, name))))) || missing
    else for await (const page of pagesOf(wanted, selection.resource, table)) tables.push(page)
    const [columns] = tables
    if (columns) found.push({ selection, columns, rows: tables.flatMap(({ rows = [] }) => rows) })
  })
  const failed = refused || missing
  printFound(wanted, await sortedBy(call.flags.text('sort-by'), found), failed)
  await noteNodes(wanted, found)
  return failed ? 1 : 0
}

async function noteNodes({ call, cluster }: Wanted, found: readonly Found[]): Promise<void> {
  const rows = found.flatMap(({ selection, rows: own }) => (selection.resource.plural === 'nodes' && selection.resource.group === '' ? own : []))
  if (rows.length === 0 || call.flags.is('no-headers')) return
  const { nodeNotes } = await import('./node-notes.ts')
  const notes = await nodeNotes(cluster, rows.map(({ cells }) => String(cells[0])))
  if (notes !== '') call.terminal.err(`\n${notes}`)
}

async function sortedBy(path: string | undefined, found: readonly Found[]): Promise<readonly Found[]> {
  if (path === undefined) return found
  const { sortBy } = await import('./sort.ts')
  return found.map((one) => ({ ...one, rows: sortBy(one.rows, path, ({ object }) => object) }))
}

function printFound(wanted: Wanted, found: readonly Found[], refused: boolean): void {
  const { call, namespace } = wanted
  const filled = found.filter(({ rows }) => rows.length > 0)
  if (filled.length === 0 && !refused && !call.flags.is('ignore-not-found')) {
    const scoped = namespace !== undefined && wanted.selections.some(({ resource }) => resource.namespaced)
    call.terminal.err(scoped ? `No resources found in ${namespace} namespace.\n` : 'No resources found\n')
  }
  const texts = filled.map(({ selection, columns, rows }) => {
    const style = styleOf(wanted, selection)
    return columnsOf(style.noHeaders ? [] : headerOf(columns, style), rows.map((row) => rowOf(row, columns, style)))
  })
  if (texts.length > 0) call.terminal.out(texts.join('\n'))
}
