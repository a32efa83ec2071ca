/** Which containers' logs are asked for. */
import type { Pod } from '../../shared/model/gen/api.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { selectionsOf } from '../cluster/selection.ts'
import { isNotFound } from '../cluster/status-problem.ts'
import type { Call } from '../program/command.ts'
import { Problem } from '../program/problem.ts'
import { podsBySelector, podsOf } from '../workloads/pods-of.ts'

export interface Container {
  readonly namespace: string
  readonly pod: string
  readonly container: string
}

const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container'

/** All containers by name: init ones first, as they ran. */
export const containerNames = ({ spec }: Pod): readonly string[] => [...(spec?.initContainers ?? []), ...(spec?.containers ?? []), ...(spec?.ephemeralContainers ?? [])].map(({ name }) => name)

/** The container meant when none is named. @param tell told when there were several */
export function defaultContainer(pod: Pod, tell: (text: string) => void): string {
  const names = (pod.spec?.containers ?? []).map(({ name }) => name)
  const annotated = pod.metadata.annotations?.[DEFAULT_CONTAINER]
  if (annotated !== undefined && containerNames(pod).includes(annotated)) return annotated
  if (names.length > 1) tell(`Defaulted container "${names[0] ?? ''}" out of: ${[...names, ...(pod.spec?.initContainers ?? []).map(({ name }) => `${name} (init)`)].join(', ')}\n`)
  return names[0] ?? ''
}

/** @throws Problem as kubectl words it */
export function checkContainer(pod: Pod, name: string): string {
  if (containerNames(pod).includes(name)) return name
  throw new Problem(`container ${name} is not valid for pod ${pod.metadata.name ?? ''}: it has ${containerNames(pod).join(', ')}`)
}

async function podNamed(cluster: Cluster, name: string): Promise<Pod> {
  try {
    return await cluster.json<Pod>({ path: `/api/v1/namespaces/${encodeURIComponent(cluster.namespace)}/pods/${encodeURIComponent(name)}` })
  } catch (error) {
    if (isNotFound(error)) throw new Problem(`error from server (NotFound): ${error.message} in namespace "${cluster.namespace}"`, { cause: error })
    throw error
  }
}

async function podsGiven(call: Call): Promise<readonly Pod[]> {
  const { flags, args, terminal } = call
  const cluster = await call.cluster()
  const selector = flags.text('selector')
  if (selector !== undefined) {
    const pods = await podsBySelector(cluster, selector)
    if (pods.length === 0) terminal.err(`No resources found in ${cluster.namespace} namespace.\n`)
    return pods
  }
  const [target = ''] = args
  if (!target.includes('/')) return [await podNamed(cluster, target)]
  const [selection] = await selectionsOf(cluster, [target])
  const pods = selection ? await podsOf(cluster, { resource: selection.resource, name: selection.names?.[0] ?? '' }) : []
  const [first] = pods
  if (!first) throw new Problem(`no pods of ${target} were found: see "gantry describe ${target}"`)
  if (flags.is('all-pods')) return pods
  if (pods.length > 1) terminal.err(`Found ${pods.length} pods, using pod/${first.metadata.name ?? ''}\n`)
  return [first]
}

export async function podsToRead(call: Call): Promise<readonly Container[]> {
  const { flags, args, terminal } = call
  const named = flags.text('container') ?? args[1]
  const pods = await podsGiven(call)
  return pods.flatMap((pod) => {
    const names = flags.is('all-containers') ? containerNames(pod) : [named === undefined ? defaultContainer(pod, terminal.err) : checkContainer(pod, named)]
    return names.map((container) => ({ namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name ?? '', container }))
  })
}
