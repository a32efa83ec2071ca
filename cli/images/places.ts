import { findTarget } from '../config/target.ts'
import type { Call } from '../program/command.ts'
import { list, text } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import type { ImagePlace } from './place.ts'

export const PLACE_FLAGS = [
  list('node', 'Nodes whose images are meant; all nodes unless given'),
  text('lab', 'A lab of this host that must exist: then the store that all labs of this host share is meant'),
] as const

/**
 * Where images are looked for and brought: the nodes of the cluster, each store once. The nodes of a lab of this host read one folder, which is gone to straight where the cluster is such a lab
 * (or where none is named), so that it works with no node up.
 */
export async function imagePlaces(call: Call): Promise<readonly ImagePlace[]> {
  const { flags } = call
  const nodes = flags.list('node').flatMap((names) => names.split(','))
  const lab = flags.text('lab')
  if (lab !== undefined && nodes.length > 0) throw new Problem('--lab means the store that all nodes of all labs share, --node some nodes: give one of them')
  if (nodes.length === 0 && (lab !== undefined || (await isOfThisHost(call)))) {
    const door = await import('../../deploy/lab/lab.ts')
    if (lab !== undefined) await door.status(lab)
    const { hostPlace } = await import('./host-place.ts')
    return [hostPlace(door)]
  }
  const { nodePlaces } = await import('./node-places.ts')
  return await nodePlaces(call, nodes)
}

/** The only place where one answer is enough: images that all nodes have are the same. */
export const firstPlace = async (call: Call): Promise<ImagePlace> => {
  const [first] = await imagePlaces(call)
  if (first === undefined) throw new Problem('no node says anything of its images')
  return first
}

/** No cluster is named, or the one that is lies at an address that labs of this host have. */
async function isOfThisHost({ flags, env }: Call): Promise<boolean> {
  const { serverNamed, rest } = await findTarget(flags, env)
  if (!serverNamed) return true
  const host = new URL(rest.server).hostname
  if (!host.startsWith('10.89.')) return false
  const door = await import('../../deploy/lab/lab.ts')
  return (await door.list()).some(({ number }) => host.startsWith(`10.89.${number}.`))
}
