import { systemClock } from '../../shared/kit/clock.ts'
import type { ApiObject, Cluster } from '../cluster/cluster.ts'
import type { ApiResource } from '../cluster/discovery-cache.ts'
import { apiVersionOf, pathOf } from '../cluster/resources.ts'
import { isNotFound } from '../cluster/status-problem.ts'
import { namedItems } from '../print/items.ts'
import type { Call, Command } from '../program/command.ts'
import { list, text, toggle } from '../program/flags.ts'
import { usageProblem } from '../program/problem.ts'
import { selectionsOf, type Selection } from '../cluster/selection.ts'
import { describeObject } from './describe-object.ts'

export const describe: Command = {
  name: 'describe',
  summary: 'Show details of objects, with what happened to them',
  usage: '(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)',
  examples: '# A pod\ngantry describe pod web-0\n\n# All nodes\ngantry describe nodes',
  flags: [
    list('filename', 'Files that name the objects', { short: 'f' }),
    toggle('recursive', 'Go into the folders of -f', { short: 'R' }),
    text('selector', 'Label query to filter on', { short: 'l' }),
    toggle('all-namespaces', 'In all namespaces', { short: 'A' }),
    toggle('show-events', 'Show the events too', { default: 'true' }),
    text('chunk-size', 'Accepted as kubectl has it', { default: '500' }),
  ],
  async run(call) {
    const { flags, args, terminal } = call
    const cluster = await call.cluster()
    if (args.length === 0 && !flags.given('filename')) throw usageProblem('You must specify the type of resource to describe. Use "gantry api-resources" for a complete list of supported resources.', 'describe')
    const selections = flags.given('filename') ? await (await import('../get/from-files.ts')).selectionsFromFiles(call) : await selectionsOf(cluster, args)
    const objects: ApiObject[] = []
    for (const selection of selections) objects.push(...(await objectsOf(call, cluster, selection)))
    if (objects.length === 0) terminal.err(flags.is('all-namespaces') || !selections.some(({ resource }) => resource.namespaced) ? 'No resources found\n' : `No resources found in ${cluster.namespace} namespace.\n`)
    const nowMs = systemClock.nowMs()
    for (const [at, object] of objects.entries()) terminal.out(`${at > 0 ? '\n\n' : ''}${await describeObject(cluster, object, { nowMs, withEvents: flags.is('show-events') })}`)
  },
}

async function objectsOf(call: Call, cluster: Cluster, selection: Selection): Promise<readonly ApiObject[]> {
  const { resource, names } = selection
  const namespace = resource.namespaced && !call.flags.is('all-namespaces') ? (selection.namespace ?? cluster.namespace) : undefined
  if (!names) return namedItems(await cluster.json({ path: pathOf(resource, { namespace }), query: { labelSelector: call.flags.text('selector') } }), resource)
  const found: ApiObject[] = []
  for (const name of names) found.push(...(await namedOrPrefixed(cluster, resource, { name, namespace })))
  return found
}

/** The object of that name, or all whose names begin so. */
async function namedOrPrefixed(cluster: Cluster, resource: ApiResource, { name, namespace }: { readonly name: string; readonly namespace: string | undefined }): Promise<readonly ApiObject[]> {
  try {
    return [{ apiVersion: apiVersionOf(resource), kind: resource.kind, ...(await cluster.json({ path: pathOf(resource, { namespace, name }) })) }]
  } catch (error) {
    if (!isNotFound(error)) throw error
    const items = namedItems(await cluster.json({ path: pathOf(resource, { namespace }) }), resource)
    const found = items.filter(({ metadata }) => metadata?.name?.startsWith(name))
    if (found.length === 0) throw error
    return found
  }
}
