/** What there is of what is wanted: asked of the cluster, the labs of this host and the kubeconfig. Names alone, nothing of what is in an object. */
import type { ApiObject, Cluster } from '../cluster/cluster.ts'
import type { ApiResource } from '../cluster/discovery-cache.ts'
import { findResource, pathOf } from '../cluster/resources.ts'
import { loadKubeconfig } from '../config/load.ts'
import type { Kubeconfig } from '../config/kubeconfig.ts'
import { DEFAULT_LAB } from '../lab/names.ts'
import type { Call } from '../program/command.ts'
import type { Flags } from '../program/flags.ts'
import type { Wanted } from './wanted.ts'

/** @param call the one that is being typed, with the flags it has so far. */
export async function found(call: Call, wanted: Wanted): Promise<readonly string[]> {
  switch (wanted.kind) {
    case 'words':
      return wanted.words
    case 'types':
      return typesFor(wanted, await call.cluster())
    case 'objects':
      return (await namesOf(await call.cluster(), wanted.type)).map((name) => `${name}${wanted.suffix ?? ''}`)
    case 'containers':
      return await containersOf(await call.cluster(), wanted.pod)
    case 'labs':
      return (await (await import('../../deploy/lab/lab.ts')).list()).map(({ name }) => name)
    case 'machines':
      return await machinesOf(call, wanted.programs)
    case 'images':
      return (await imageNames(call)).map((name) => (wanted.inFull ? name : familiar(name)))
    case 'contexts':
    case 'clusters':
    case 'users':
      return [...(await kubeconfig(call))[wanted.kind].keys()]
    case 'files':
      // The shell knows them itself.
      return []
  }
}

/** `busybox:1.36` for `docker.io/library/busybox:1.36` */
export const familiar = (image: string): string => image.replace(/^docker\.io\/(library\/)?/, '')

async function imageNames(call: Call): Promise<readonly string[]> {
  const { flags } = call
  // Commands beside `image` name images without --node and --lab.
  const lenient: Flags = { ...flags, text: (name) => (flags.knows(name) ? flags.text(name) : undefined), list: (name) => (flags.knows(name) ? flags.list(name) : []) }
  return await (await import('../images/ls.ts')).imageNames({ ...call, flags: lenient })
}

const kubeconfig = ({ flags, env }: Call): Promise<Kubeconfig> => loadKubeconfig(flags.text('kubeconfig'), env)

async function typesFor({ verb, subresource, only }: Extract<Wanted, { kind: 'types' }>, cluster: Cluster): Promise<readonly string[]> {
  const { resources } = await cluster.discovery.all()
  const isMeant = (one: ApiResource): boolean => (verb === undefined || one.verbs.includes(verb)) && (subresource === undefined || one.subresources.includes(subresource)) && (only === undefined || only.includes(one.plural))
  return resources.filter(isMeant).flatMap((one) => [one.plural, ...one.shortNames])
}

const NAMES_ALONE = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json'

async function namesOf(cluster: Cluster, type: string): Promise<readonly string[]> {
  const resource = findResource((await cluster.discovery.all()).resources, type)
  if (!resource) return []
  const list = await cluster.json<{ readonly items?: readonly ApiObject[] | null }>({ path: pathOf(resource, { namespace: cluster.namespace }), headers: { accept: NAMES_ALONE }, query: { limit: '500' }, once: true })
  return (list.items ?? []).map(({ metadata }) => metadata?.name ?? '')
}

interface Containers {
  readonly [list: string]: ReadonlyArray<{ readonly name: string }> | undefined
}

async function containersOf(cluster: Cluster, word: string): Promise<readonly string[]> {
  const name = word.replace(/^(pods?|po)\//, '')
  if (name.includes('/')) return []
  const { spec } = await cluster.json<{ readonly spec?: Containers }>({ path: pathOf({ group: '', version: 'v1', plural: 'pods', namespaced: true }, { namespace: cluster.namespace, name }), once: true })
  return ['containers', 'initContainers', 'ephemeralContainers'].flatMap((list) => spec?.[list] ?? []).map((one) => one.name)
}

async function machinesOf({ flags }: Call, withPrograms: boolean): Promise<readonly string[]> {
  const door = await import('../../deploy/lab/lab.ts')
  const { members } = await door.status((flags.knows('name') ? flags.text('name') : undefined) ?? DEFAULT_LAB)
  const machines = members.map(({ name }) => name.split('/')[0] ?? '')
  return [...machines, ...(withPrograms ? members.map(({ name }) => name) : [])]
}
