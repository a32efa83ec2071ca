import type { ApiObject, Cluster } from '../cluster/cluster.ts'
import type { ApiResource } from '../cluster/discovery-cache.ts'
import { objectName, pathOf, resourceOfKind } from '../cluster/resources.ts'
import { selectionsOf } from '../cluster/selection.ts'
import { isNotFound, isStatusProblem, StatusProblem, statusText } from '../cluster/status-problem.ts'
import { namedItems } from '../print/items.ts'
import type { Call, Command } from '../program/command.ts'
import { parseDurationMs } from '../program/duration.ts'
import { list, optional, text, toggle } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { DRY_RUN, dryRunOf, namespaceOf } from '../write/writing.ts'
import { waitUntilGone, type Leaving } from './gone.ts'

export const deleteCommand: Command = {
  name: 'delete',
  summary: 'Delete objects by file names, standard input, names, or label query',
  usage: '([-f FILENAME] | TYPE [(NAME | -l label | --all)] | TYPE/NAME ...)',
  examples: '# What a file describes\ngantry delete -f web.yaml\n\n# One pod, at once\ngantry delete pod web-0 --now\n\n# All pods of an application\ngantry delete pods -l app=web',
  flags: [
    list('filename', 'Files that name the objects', { short: 'f' }),
    toggle('recursive', 'Go into the folders of -f', { short: 'R' }),
    text('selector', 'Label query to filter on', { short: 'l' }),
    text('field-selector', 'Field query to filter on'),
    toggle('all', 'All objects of the types'),
    toggle('all-namespaces', 'In all namespaces', { short: 'A' }),
    toggle('force', 'With a grace period of 0: do not wait until the node confirms'),
    text('grace-period', 'Seconds that are given to end; 1 for at once, 0 only with --force', { default: '-1' }),
    toggle('now', 'The same as --grace-period=1'),
    toggle('wait', 'Wait until the objects are gone', { default: 'true' }),
    text('timeout', 'How long to wait; 0 for as long as it takes', { default: '0s' }),
    optional('cascade', 'background, orphan or foreground: what becomes of what depends on the objects', { bare: 'background', default: 'background' }),
    toggle('ignore-not-found', 'Take what does not exist for deleted'),
    text('output', 'name: print resource names only', { short: 'o' }),
    DRY_RUN,
  ],
  run: deleteObjects,
}

interface Doomed {
  readonly resource: ApiResource
  readonly name: string
  readonly namespace: string | undefined
  readonly uid: string | undefined
}

async function deleteObjects(call: Call): Promise<number> {
  const { flags, terminal } = call
  const graceSeconds = graceOf(call)
  const cluster = await call.cluster()
  const { doomed, failed } = await found(call, cluster)
  if (flags.is('force') && graceSeconds === 0) terminal.err('Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\n')
  if (doomed.length === 0 && !failed) {
    if (!flags.given('filename')) terminal.out('No resources found\n')
    return 0
  }
  const leaving: Leaving[] = []
  let refused = failed
  for (const one of doomed) {
    try {
      leaving.push(...(await deleteOne(call, cluster, { ...one, graceSeconds })))
    } catch (error) {
      if (!isStatusProblem(error)) throw error
      if (isNotFound(error) && (flags.is('ignore-not-found') || one.uid !== undefined)) continue
      terminal.err(`${statusText(error)}\n`)
      refused = true
    }
  }
  if (flags.is('wait') && dryRunOf(call) === 'none') await waitUntilGone(cluster, leaving, { timeoutMs: parseDurationMs(flags.text('timeout') ?? '0'), signal: call.signal })
  return refused ? 1 : 0
}

/** Seconds, or `undefined` for the object's own. @throws Problem */
function graceOf({ flags }: Call): number | undefined {
  const given = Number(flags.text('grace-period'))
  if (!Number.isInteger(given)) throw new Problem(`invalid argument "${flags.text('grace-period')}" for "--grace-period" flag: give seconds`)
  if (flags.is('now')) {
    if (given !== -1) throw new Problem('--now and --grace-period cannot be specified together')
    return 1
  }
  if (flags.is('force')) {
    if (given > 0) throw new Problem('--force and --grace-period greater than 0 cannot be specified together')
    return 0
  }
  // Not to wait for the node at all is a thing to be asked for by name.
  if (given === 0) return 1
  return given < 0 ? undefined : given
}

async function found(call: Call, cluster: Cluster): Promise<{ readonly doomed: readonly Doomed[]; readonly failed: boolean }> {
  if (call.flags.given('filename')) return { doomed: await fromFiles(call, cluster), failed: false }
  if (call.args.length === 0) throw new Problem("You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'")
  const { flags } = call
  const doomed: Doomed[] = []
  const everywhere = flags.is('all-namespaces')
  for (const { resource, names } of await selectionsOf(cluster, call.args)) {
    const namespace = resource.namespaced && !everywhere ? cluster.namespace : undefined
    const selected = flags.given('selector') || flags.given('field-selector')
    if (names && (selected || flags.is('all'))) throw new Problem(selected ? 'name cannot be provided when a selector is specified' : 'name cannot be provided when --all is specified')
    if (names) doomed.push(...names.map((name) => ({ resource, name, namespace, uid: undefined })))
    else if (!selected && !flags.is('all')) throw new Problem('resource(s) were provided, but no name was specified')
    else {
      const items = await cluster.json({ path: pathOf(resource, { namespace }), query: { labelSelector: flags.text('selector'), fieldSelector: flags.text('field-selector') } })
      doomed.push(...namedItems(items, resource).map(({ metadata }) => ({ resource, name: metadata?.name ?? '', namespace: metadata?.namespace, uid: metadata?.uid })))
    }
  }
  return { doomed, failed: false }
}

async function fromFiles(call: Call, cluster: Cluster): Promise<readonly Doomed[]> {
  const { readManifests } = await import('../files/manifests.ts')
  const doomed: Doomed[] = []
  for (const { object } of await readManifests(call)) {
    const resource = await resourceOfKind(cluster, object)
    doomed.push({ resource, name: object.metadata?.name ?? '', namespace: resource.namespaced ? namespaceOf(object, cluster) : undefined, uid: undefined })
  }
  return doomed
}

const PROPAGATION: Readonly<Record<string, string>> = { background: 'Background', true: 'Background', orphan: 'Orphan', false: 'Orphan', foreground: 'Foreground' }

/** Answers what is to be waited for: nothing when it is gone already. */
async function deleteOne(call: Call, cluster: Cluster, { resource, name, namespace, graceSeconds }: Doomed & { readonly graceSeconds: number | undefined }): Promise<readonly Leaving[]> {
  const { flags, terminal } = call
  const cascade = flags.text('cascade') ?? 'background'
  const propagationPolicy = PROPAGATION[cascade]
  if (propagationPolicy === undefined) throw new Problem(`invalid cascade value (${cascade}). Must be "background", "foreground", or "orphan"`)
  const path = pathOf(resource, { namespace, name })
  const dryRun = dryRunOf(call)
  const body = { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy, ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }), ...(dryRun === 'server' ? { dryRun: ['All'] } : {}) }
  const answer = dryRun === 'client' ? await cluster.json({ path }) : await cluster.json<ApiObject & { readonly status?: unknown; readonly details?: { readonly uid?: string } }>({ method: 'DELETE', path, body })
  if (answer.kind === 'Status' && answer['status'] === 'Failure') throw new StatusProblem(answer as object)
  const shown = objectName(resource, name)
  const suffix = dryRun === 'none' ? '' : dryRun === 'client' ? ' (dry run)' : ' (server dry run)'
  const short = `${resource.kind.toLowerCase()}${resource.group === '' ? '' : `.${resource.group}`}`
  if (flags.text('output') === 'name') terminal.out(`${shown}\n`)
  else terminal.out(`${short} "${name}" ${flags.is('force') && graceSeconds === 0 ? 'force deleted' : 'deleted'}${suffix}\n`)
  const uid = answer.kind === 'Status' ? (answer as { readonly details?: { readonly uid?: string } }).details?.uid : answer.metadata?.uid
  return [{ path, name: `${resource.plural}/${name}`, uid }]
}
