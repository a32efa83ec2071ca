/** What the words `TYPE NAME…`, `TYPE/NAME…` and `TYPE,TYPE` select. */
import { Problem } from '../program/problem.ts'
import type { Cluster } from './cluster.ts'
import type { ApiResource } from './discovery-cache.ts'
import { resourcesFor } from './resources.ts'

export interface Selection {
  readonly resource: ApiResource
  /** `undefined`: all of the type, or those that a selector takes. */
  readonly names: readonly string[] | undefined
  /** Where a file said they are. */
  readonly namespace?: string | undefined
}

/** @throws Problem */
export async function selectionsOf(cluster: Cluster, args: readonly string[]): Promise<readonly Selection[]> {
  if (args.some((arg) => arg.includes('/'))) return await pairsOf(cluster, args)
  const [types = '', ...names] = args
  const words = types.split(',').filter((word) => word !== '')
  const found: ApiResource[] = []
  for (const word of words) found.push(...(await resourcesFor(cluster, word)))
  return found.map((resource) => ({ resource, names: names.length > 0 ? names : undefined }))
}

/** `TYPE/NAME` in the order given, those of one type that follow one another together. */
async function pairsOf(cluster: Cluster, args: readonly string[]): Promise<readonly Selection[]> {
  const selections: Selection[] = []
  for (const arg of args) {
    const [type, name, ...more] = arg.split('/')
    if (name === undefined) throw new Problem("there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'gantry get resource/<resource_name>' instead of 'gantry get resource resource/<resource_name>'")
    if (!type || name === '' || more.length > 0) throw new Problem(`arguments in resource/name form may not have more than one slash, and need both: "${arg}"`)
    for (const resource of await resourcesFor(cluster, type)) {
      const last = selections.at(-1)
      if (last?.names && last.resource === resource) selections.splice(-1, 1, { resource, names: [...last.names, name] })
      else selections.push({ resource, names: [name] })
    }
  }
  return selections
}

/** One object named by `TYPE NAME` or `TYPE/NAME`. */
export async function oneSelected(cluster: Cluster, args: readonly string[], otherwise: string): Promise<{ readonly resource: ApiResource; readonly name: string }> {
  const selections = await selectionsOf(cluster, args)
  const [first] = selections
  const [name] = first?.names ?? []
  if (!first || name === undefined || selections.length > 1 || (first.names?.length ?? 0) > 1) throw new Problem(otherwise)
  return { resource: first.resource, name }
}
