import type { Pod } from '../../shared/model/gen/api.ts'

/** Where things of a pod are on the host. Pure. */

/** The longest name that a folder can have, in bytes. */
const LONGEST_NAME = 255

/** As kubelet names it, so that log collectors find them: `NAMESPACE_NAME_UID`. Of a pod's name that is too long for that, the beginning. */
export function podLogFolder(logFolder: string, { metadata: { namespace = '', name = '', uid = '' } }: Pod): string {
  const room = LONGEST_NAME - namespace.length - uid.length - 2
  return `${logFolder}/${namespace}_${name.slice(0, room)}_${uid}`
}

export const containerLogPath = (logFolder: string, pod: Pod, at: { readonly container: string; readonly attempt: number }): string => `${podLogFolder(logFolder, pod)}/${at.container}/${at.attempt}.log`

export const terminationLogPath = (podFolder: string, at: { readonly container: string; readonly attempt: number }): string => `${podFolder}/containers/${at.container}/${at.attempt}.termination`

export const subPathTarget = (podFolder: string, at: { readonly container: string; readonly index: number }): string => `${podFolder}/sub-paths/${at.container}/${at.index}`

export const namespacesFolder = (podFolder: string): string => `${podFolder}/namespaces`

export const pauseFolder = (podFolder: string): string => `${podFolder}/pause`

export const shmPath = (podFolder: string): string => `${podFolder}/shm`

export const checkpointPath = (folder: string, podUid: string): string => `${folder}/${podUid}.json`
