import type { Command, Call } from '../program/command.ts'
import { list, text, toggle } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import { selectionsOf, type Selection } from '../cluster/selection.ts'
import { printerFor } from '../print/objects.ts'
import { printTables } from './table-output.ts'
import type { Wanted } from './wanted.ts'

export const get: Command = {
  name: 'get',
  summary: 'Display one or many resources',
  usage: '[(-o|--output=)wide|yaml|json|name|jsonpath|custom-columns] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...)',
  examples: '# List all pods\ngantry get pods\n\n# With the nodes they are on\ngantry get pods -o wide\n\n# One deployment as YAML\ngantry get deployment web -o yaml\n\n# Watch pods of an application\ngantry get pods -l app=web -w',
  flags: [
    text('output', 'Output format: wide, yaml, json, name, jsonpath=…, custom-columns=…', { short: 'o' }),
    toggle('all-namespaces', 'List the objects of all namespaces', { short: 'A' }),
    text('selector', 'Label query to filter on', { short: 'l' }),
    text('field-selector', 'Field query to filter on'),
    list('filename', 'Files that name the objects to get', { short: 'f' }),
    toggle('recursive', 'Go into the folders of -f', { short: 'R' }),
    toggle('watch', 'After listing, watch for changes', { short: 'w' }),
    toggle('watch-only', 'Watch for changes without listing first'),
    toggle('output-watch-events', 'Say of each watched object what happened to it'),
    toggle('show-labels', 'Show all labels as the last column'),
    list('label-columns', 'Labels to show as columns', { short: 'L' }),
    toggle('show-kind', "Write the kind before each object's name"),
    toggle('no-headers', 'Do not print headers'),
    text('sort-by', 'Sort by a JSONPath such as .metadata.name'),
    toggle('show-managed-fields', 'Keep managedFields when printing JSON or YAML'),
    toggle('ignore-not-found', 'Do not fail when a named object does not exist'),
    text('chunk-size', 'How many objects to ask for at a time; 0 for all at once', { default: '500' }),
    text('raw', 'A path to ask the server for, printed as it comes'),
    text('subresource', 'The subresource to get: status or scale'),
    toggle('server-print', 'Accepted as kubectl has it: the server always makes the table', { default: 'true' }),
  ],
  async run(call) {
    const raw = call.flags.text('raw')
    if (raw !== undefined) return call.terminal.out(await (await call.cluster()).text({ path: raw }))
    return await getObjects(call)
  },
}

async function getObjects(call: Call): Promise<number> {
  const { flags } = call
  const cluster = await call.cluster()
  const selections = await selected(call)
  const everywhere = flags.is('all-namespaces')
  if (everywhere && selections.some(({ names }) => names)) throw new Problem('a resource cannot be retrieved by name across all namespaces')
  if (flags.given('selector') && selections.some(({ names }) => names)) throw new Problem('selectors may not be given together with names of objects')
  const wanted: Wanted = { call, cluster, selections, namespace: everywhere ? undefined : cluster.namespace, output: flags.text('output') ?? '' }
  if (flags.is('watch') || flags.is('watch-only')) return await (await import('./watch.ts')).watchObjects(wanted)
  const print = await printerFor(wanted.output, { showManagedFields: flags.is('show-managed-fields'), noHeaders: flags.is('no-headers') })
  return print ? await (await import('./object-output.ts')).printObjects(wanted, print) : await printTables(wanted)
}

async function selected(call: Call): Promise<readonly Selection[]> {
  if (call.flags.given('filename')) return await (await import('./from-files.ts')).selectionsFromFiles(call)
  if (call.args.length === 0) {
    call.terminal.err(`You must specify the type of resource to get. Use "gantry api-resources" for a complete list of supported resources.\n\n`)
    throw usageProblem('Required resource not specified.', 'get')
  }
  return await selectionsOf(await call.cluster(), call.args)
}
