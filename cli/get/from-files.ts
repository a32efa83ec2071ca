import { resourceOfKind } from '../cluster/resources.ts'
import type { Selection } from '../cluster/selection.ts'
import { readManifests } from '../files/manifests.ts'
import type { Call } from '../program/command.ts'

/** The objects that files name. */
export async function selectionsFromFiles(call: Call): Promise<readonly Selection[]> {
  const cluster = await call.cluster()
  const selections: Selection[] = []
  for (const { object } of await readManifests(call)) selections.push({ resource: await resourceOfKind(cluster, object), names: [object.metadata?.name ?? ''], namespace: object.metadata?.namespace })
  return selections
}
