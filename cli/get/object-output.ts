/** Objects as JSON, YAML, names, or what a template makes of them. */
import type { ApiObject } from '../cluster/cluster.ts'
import { asList, namedItems } from '../print/items.ts'
import type { ObjectPrinter } from '../print/objects.ts'
import { objectCall, pagesOf, refusalsTold, type Wanted } from './wanted.ts'

interface Page extends ApiObject {
  readonly metadata?: { readonly continue?: string }
}

export async function printObjects(wanted: Wanted, print: ObjectPrinter): Promise<number> {
  const { call, cluster, selections } = wanted
  const found: ApiObject[] = []
  let missing = false
  const refused = await refusalsTold(selections, call, async (selection) => {
    const { resource, names } = selection
    if (names) missing = (await refusalsTold(names, call, async (name) => void found.push(await cluster.json(objectCall(wanted, selection, name))))) || missing
    else for await (const page of pagesOf<Page>(wanted, resource, (request) => cluster.json<Page>(request))) found.push(...namedItems(page, resource))
  })
  const sortPath = call.flags.text('sort-by')
  const items = sortPath === undefined ? found : (await import('./sort.ts')).sortBy(found, sortPath, (object) => object)
  const single = selections.length === 1 && selections[0]?.names?.length === 1
  const [only] = items
  if (single && only) call.terminal.out(await print(only))
  else if (!single || !(refused || missing)) call.terminal.out(await print(asList(items)))
  return refused || missing ? 1 : 0
}
