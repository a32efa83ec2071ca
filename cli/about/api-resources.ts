import { apiVersionOf, resourceName } from '../cluster/resources.ts'
import type { ApiResource } from '../cluster/discovery-cache.ts'
import { columnsOf } from '../print/columns.ts'
import type { Call, Command } from '../program/command.ts'
import { list, text, toggle } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'

export const apiResources: Command = {
  name: 'api-resources',
  summary: 'Print the resources that the server has',
  flags: [text('output', 'wide or name', { short: 'o' }), text('api-group', 'Only those of the group'), text('namespaced', 'true or false'), list('verbs', 'Only those that can do this'), list('categories', 'Only those of these categories'), toggle('no-headers', 'Do not print headers'), text('sort-by', 'name or kind'), toggle('cached', 'Use what is remembered')],
  async run(call) {
    const cluster = await call.cluster()
    const { resources } = await cluster.discovery.all(!call.flags.is('cached'))
    call.terminal.out(resourcesText(call, preferred(resources).filter(filterOf(call))))
  },
}

/** Each resource once, in the version that its group prefers: the server names that one first. */
export function preferred(resources: readonly ApiResource[]): readonly ApiResource[] {
  const seen = new Set<string>()
  return resources.filter((one) => seen.size < seen.add(resourceName(one)).size)
}

function filterOf({ flags }: Call): (resource: ApiResource) => boolean {
  const group = flags.text('api-group')
  const namespaced = flags.text('namespaced')
  const words = (name: string): readonly string[] => flags.list(name).flatMap((given) => given.split(','))
  const [verbs, categories] = [words('verbs'), words('categories')]
  return (one) => (group === undefined || one.group === group) && (namespaced === undefined || one.namespaced === (namespaced === 'true')) && verbs.every((verb) => one.verbs.includes(verb)) && categories.every((category) => one.categories.includes(category))
}

function resourcesText({ flags }: Call, found: readonly ApiResource[]): string {
  const sortBy = flags.text('sort-by')
  const sorted = sortBy === 'name' ? found.toSorted((a, b) => (a.plural < b.plural ? -1 : 1)) : sortBy === 'kind' ? found.toSorted((a, b) => (a.kind < b.kind ? -1 : 1)) : found.toSorted(byGroup)
  const output = flags.text('output') ?? ''
  if (output === 'name') return sorted.map((one) => `${resourceName(one)}\n`).join('')
  if (output !== '' && output !== 'wide') throw new Problem(`--output ${output} is not available`)
  const wide = output === 'wide'
  const rows = sorted.map((one) => [one.plural, one.shortNames.join(','), apiVersionOf(one), String(one.namespaced), one.kind, ...(wide ? [one.verbs.toSorted().join(','), one.categories.join(',')] : [])])
  return columnsOf(flags.is('no-headers') ? [] : ['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND', ...(wide ? ['VERBS', 'CATEGORIES'] : [])], rows)
}

const byGroup = (a: ApiResource, b: ApiResource): number => (a.group === b.group ? (a.plural < b.plural ? -1 : 1) : a.group < b.group ? -1 : 1)

export const apiVersions: Command = {
  name: 'api-versions',
  summary: 'Print the API versions that the server has, as group/version',
  async run(call) {
    const { versions } = await (await call.cluster()).discovery.all(true)
    call.terminal.out(versions.map((version) => `${version}\n`).join(''))
  },
}
