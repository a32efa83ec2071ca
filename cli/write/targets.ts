/** The objects that a command acts on: named, from files, or by selector. */
import type { ApiObject, Cluster } from '../cluster/cluster.ts'
import type { ApiResource } from '../cluster/discovery-cache.ts'
import { objectName, pathOf, resourceOfKind } from '../cluster/resources.ts'
import { selectionsOf } from '../cluster/selection.ts'
import { isStatusProblem, statusText } from '../cluster/status-problem.ts'
import { namedItems } from '../print/items.ts'
import type { Call } from '../program/command.ts'
import { list, text, toggle, type Flag } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import { namespaceOf } from './writing.ts'

export interface Target {
  readonly resource: ApiResource
  readonly name: string
  readonly namespace: string | undefined
  /** `deployment.apps/web` */
  readonly shown: string
  readonly path: string
}

export const TARGET_FLAGS: readonly Flag[] = [
  list('filename', 'Files that name the objects', { short: 'f' }),
  toggle('recursive', 'Go into the folders of -f', { short: 'R' }),
  text('selector', 'Label query to filter on', { short: 'l' }),
  toggle('all', 'All objects of the types'),
  toggle('all-namespaces', 'In all namespaces', { short: 'A' }),
]

export const targetOf = (resource: ApiResource, name: string, namespace: string | undefined): Target => ({ resource, name, namespace, shown: objectName(resource, name), path: pathOf(resource, { namespace, name }) })

export interface TargetOptions {
  /** A type without a name means all objects of it. */
  readonly typeIsAll?: boolean
}

/** @param args the words that name objects; others are the command's own. @throws Problem */
export async function targetsOf(call: Call, args: readonly string[], { typeIsAll = false }: TargetOptions = {}): Promise<readonly Target[]> {
  const { flags } = call
  const cluster = await call.cluster()
  if (flags.list('filename').length > 0) return await fromFiles(call, cluster)
  if (args.length === 0) throw usageProblem('one or more objects must be specified as TYPE NAME, TYPE/NAME or -f FILE', call.command)
  const targets: Target[] = []
  for (const { resource, names } of await selectionsOf(cluster, args)) {
    const namespace = resource.namespaced && !flags.is('all-namespaces') ? cluster.namespace : undefined
    if (names) targets.push(...names.map((name) => targetOf(resource, name, namespace)))
    else if (!flags.given('selector') && !flags.is('all') && !typeIsAll) throw new Problem('resource(s) were provided, but no name was specified')
    else {
      const found = await cluster.json({ path: pathOf(resource, { namespace }), query: { labelSelector: flags.text('selector') } })
      targets.push(...namedItems(found, resource).map(({ metadata }) => targetOf(resource, metadata?.name ?? '', metadata?.namespace)))
    }
  }
  return targets
}

async function fromFiles(call: Call, cluster: Cluster): Promise<readonly Target[]> {
  const { readManifests } = await import('../files/manifests.ts')
  const targets: Target[] = []
  for (const { object } of await readManifests(call)) {
    const resource = await resourceOfKind(cluster, object)
    targets.push(targetOf(resource, object.metadata?.name ?? '', resource.namespaced ? namespaceOf(object, cluster) : undefined))
  }
  return targets
}

/** Does it to each; what the server refuses is told and the rest still done. Answers the exit code. */
export async function eachTarget(call: Call, targets: readonly Target[], work: (target: Target) => Promise<void>): Promise<number> {
  let failed = false
  for (const target of targets) {
    try {
      await work(target)
    } catch (error) {
      if (isStatusProblem(error)) call.terminal.err(`${statusText(error)}\n`)
      else if (error instanceof Problem && targets.length > 1) call.terminal.err(`error: ${error.message}\n`)
      else throw error
      failed = true
    }
  }
  return failed ? 1 : 0
}

export const fetchTarget = (cluster: Cluster, { path }: Target): Promise<ApiObject> => cluster.json({ path })
