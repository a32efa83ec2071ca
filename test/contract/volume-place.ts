/** Volumes with the mounts of this host, in a folder of their own. */
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Mounts, systemMounts } from '../../node-agent/host/mounts.ts'
import { testSources } from '../../node-agent/volumes/contract.ts'
import type { VolumeSources, Volumes } from '../../node-agent/volumes/port.ts'
import { createVolumes } from '../../node-agent/volumes/volumes.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import type { Pod } from '../../shared/model/gen/api.ts'

export interface Place extends AsyncDisposable {
  readonly folder: string
  readonly volumes: Volumes
  readonly mounts: Mounts
  open(): Promise<Volumes>
}

export async function openPlace(mounts: Mounts = systemMounts()): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-volumes-'))
  const open = (): Promise<Volumes> => createVolumes({ stateFolder: join(folder, 'pods'), clock: systemClock, log: silentLog, mounts })
  return {
    folder,
    mounts,
    open,
    volumes: await open(),
    async [Symbol.asyncDispose]() {
      for (const { target } of (await mounts.list()).filter(({ target: at }) => at.startsWith(`${folder}/`)).reverse()) await mounts.unmount(target)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** The path of the pod's only volume. */
export async function ready(volumes: Volumes, pod: Pod, sources: VolumeSources = testSources()): Promise<string> {
  const result = await volumes.prepare(pod, sources)
  if (result.kind === 'waiting') throw new Error(result.message)
  return Object.values(result.paths)[0] ?? ''
}

export const ownerAndMode = async (path: string): Promise<string> => {
  const { mode, uid: owner, gid } = await stat(path)
  return `${(mode & 0o7777).toString(8)} ${owner}:${gid}`
}
