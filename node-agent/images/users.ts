import { readFile } from 'node:fs/promises'
import { unlessMissing } from '../host/errno.ts'
import { resolveInside } from '../host/files-scoped.ts'

/** Who a container's process is, from what the image's `/etc/passwd` and `/etc/group` say. */
export type ResolvedUser =
  | {
      readonly kind: 'found'
      readonly uid: number
      readonly gid: number
      /** Groups of `/etc/group` the user is a member of, beside `gid`. */
      readonly supplementaryGids: readonly number[]
      /** Its entry's home; `/` for a number that has no entry. */
      readonly home: string
      /** Its name; empty for a number that has no entry. */
      readonly username: string
    }
  | { readonly kind: 'unknown'; readonly message: string }

/** The largest account files that are believed. */
const MAX_BYTES = 4 << 20

interface PasswdEntry {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

interface GroupEntry {
  readonly name: string
  readonly gid: number
  readonly members: readonly string[]
}

/**
 * @param rootfs the container's root, before anything runs in it.
 * @param user `` (root), `name`, `uid`, `name:group`, `uid:gid`.
 */
export async function resolveUser(rootfs: string, user: string): Promise<ResolvedUser> {
  const [passwd, group] = await Promise.all([readInside(rootfs, '/etc/passwd'), readInside(rootfs, '/etc/group')])
  return lookUpUser(user, parsePasswd(passwd), parseGroup(group))
}

export function lookUpUser(user: string, passwd: readonly PasswdEntry[], groups: readonly GroupEntry[]): ResolvedUser {
  const [userPart = '', groupPart = ''] = user === '' ? ['0'] : user.split(':', 2)
  const number = idOf(userPart)
  const entry = passwd.find((line) => line.name === userPart) ?? passwd.find((line) => line.uid === number)
  const uid = entry?.uid ?? number
  if (uid === undefined) return { kind: 'unknown', message: `unable to find user ${userPart}: no matching entries in passwd file` }
  const gid = groupPart === '' ? (entry?.gid ?? 0) : (groups.find((line) => line.name === groupPart)?.gid ?? idOf(groupPart))
  if (gid === undefined) return { kind: 'unknown', message: `unable to find group ${groupPart}: no matching entries in group file` }
  const member = entry === undefined ? [] : groups.filter((line) => line.members.includes(entry.name)).map((line) => line.gid)
  return { kind: 'found', uid, gid, supplementaryGids: [...new Set(member)].filter((id) => id !== gid), home: entry?.home ?? '/', username: entry?.name ?? '' }
}

const idOf = (text: string): number | undefined => (/^\d{1,10}$/.test(text) && Number(text) < 2 ** 32 ? Number(text) : undefined)

async function readInside(rootfs: string, path: string): Promise<string> {
  const text = await unlessMissing(readFile(await resolveInside(rootfs, path)))
  return text === undefined || text.length > MAX_BYTES ? '' : text.toString('utf8')
}

const fieldsOf = (text: string): ReadonlyArray<readonly string[]> => text.split('\n').map((line) => line.trim().split(':'))

export function parsePasswd(text: string): readonly PasswdEntry[] {
  return fieldsOf(text).flatMap(([name = '', , uid = '', gid = '', , home = '']) => {
    const [user, group] = [idOf(uid), idOf(gid)]
    return name === '' || user === undefined || group === undefined ? [] : [{ name, uid: user, gid: group, home: home === '' ? '/' : home }]
  })
}

export function parseGroup(text: string): readonly GroupEntry[] {
  return fieldsOf(text).flatMap(([name = '', , gid = '', members = '']) => {
    const id = idOf(gid)
    return name === '' || id === undefined ? [] : [{ name, gid: id, members: members.split(',').filter((member) => member !== '') }]
  })
}
