import { chown, readFile, readlink } from 'node:fs/promises'
import { writeOomScore } from '../host/proc.ts'
import type { OwnUsers } from './oci-user.ts'

/**
 * For the first process of a container in a user namespace, made and not started: a runtime inside may neither lower the score that keeps the kernel from ending it
 * first, nor give away pipes that root of the node made, so that nobody in the container could open `/dev/stdout`.
 */
export async function settleOwnUsers(pid: number, { oomScoreAdjust, uid, gid }: OwnUsers): Promise<void> {
  if (oomScoreAdjust !== undefined) await writeOomScore(pid, oomScoreAdjust)
  const onNode = await idsOnNode(pid, { uid, gid })
  for (const stream of ['0', '1', '2']) {
    const path = `/proc/${pid}/fd/${stream}`
    if ((await readlink(path)).startsWith('pipe:')) await chown(path, onNode.uid, onNode.gid)
  }
}

interface Ids {
  readonly uid: number
  readonly gid: number
}

/** What a user in the namespace of a process is called on the node: the same, where that is the node's own. */
export async function idsOnNode(pid: number, { uid, gid }: Ids): Promise<Ids> {
  const [users = '', groups = ''] = await Promise.all(['uid_map', 'gid_map'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8')))
  return { uid: onNode(users, uid), gid: onNode(groups, gid) }
}

/** The map of a pod is one line: `0 FIRST COUNT`. */
const onNode = (map: string, id: number): number => Number(map.trim().split(/\s+/)[1] ?? 0) + id
