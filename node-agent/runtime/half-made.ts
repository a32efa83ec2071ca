import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { exists } from '../host/files.ts'
import { processesNaming } from '../host/proc.ts'
import { signalProcess } from '../host/signals.ts'
import { bundleOf, containerFileOf, listBundles, type RuntimeFolders } from './bundle.ts'

const SIGKILL = 9
const LOOKS = 200
const PAUSE_MS = 10

/**
 * Ends the making of containers that an agent before this one had begun when it was killed, and answers their ids, to be deleted: monitor and
 * runtime may still be at work, and would be beside those of the next attempt. None of them was started, for that is noted.
 */
export async function endHalfMade(folders: RuntimeFolders, clock: Clock): Promise<readonly string[]> {
  const ids: string[] = []
  for (const id of await listBundles(folders)) if (!(await exists(containerFileOf(bundleOf(folders, id))))) ids.push(id)
  if (ids.length > 0) await endMakers(ids.map((id) => bundleOf(folders, id)), clock)
  return ids
}

/** Ends monitor and runtime that are at work on these bundles: both have the bundle's path among their arguments. */
export async function endMakers(bundles: readonly string[], clock: Clock): Promise<void> {
  const names = new Set(bundles)
  // One that is killed may just have started another.
  for (let looks = 0; looks < LOOKS; looks++) {
    const makers = await processesNaming(names)
    if (makers.length === 0) return
    for (const maker of makers) await signalProcess(maker, SIGKILL)
    await sleep(clock, PAUSE_MS)
  }
}
