import type { Container, Pod } from '../../shared/model/gen/api.ts'

/** What the image says of its users. */
export interface UserDatabase {
  readonly users: ReadonlyArray<{ readonly name: string; readonly uid: number; readonly gid: number; readonly home: string }>
  readonly groups: ReadonlyArray<{ readonly name: string; readonly gid: number; readonly members: readonly string[] }>
}

/** The contents of `/etc/passwd` and `/etc/group`; lines that are none are skipped. */
export function parseUserDatabase(passwd: string, group: string): UserDatabase {
  const rows = (text: string): readonly string[][] => text.split('\n').map((line) => line.split(':')).filter((fields) => fields.length >= 4)
  return {
    users: rows(passwd).map((f) => ({ name: f[0] ?? '', uid: Number(f[2]), gid: Number(f[3]), home: f[5] ?? '/' })).filter((one) => Number.isInteger(one.uid)),
    groups: rows(group).map((f) => ({ name: f[0] ?? '', gid: Number(f[2]), members: (f[3] ?? '').split(',').filter((name) => name !== '') })).filter((one) => Number.isInteger(one.gid)),
  }
}

/** Who a container's processes are. */
export interface ContainerIdentity {
  readonly uid: number
  readonly gid: number
  /** Sorted, with `gid` among them. */
  readonly groups: readonly number[]
  readonly home: string
}

export type UserResult = { readonly kind: 'user'; readonly user: ContainerIdentity } | { readonly kind: 'refused'; readonly message: string }

export interface UserOptions {
  readonly pod: Pod
  readonly container: Pick<Container, 'name' | 'securityContext'>
  /** `USER` of the image: `user`, `user:group`, `uid:gid`, or empty. */
  readonly imageUser: string
  readonly database: UserDatabase
}

/** Resolves user and groups: the container's security context first, then the pod's, then the image. */
export function resolveUser({ pod, container, imageUser, database }: UserOptions): UserResult {
  const context = { ...pod.spec?.securityContext, ...definedOf(container.securityContext) } as NonNullable<Container['securityContext']>
  const problem = nonRootProblem({ pod, containerName: container.name, imageUser, runAsUser: context.runAsUser, runAsNonRoot: context.runAsNonRoot })
  if (problem !== undefined) return { kind: 'refused', message: problem }
  const [wantedUser = '', wantedGroup = ''] = context.runAsUser === undefined ? imageUser.split(':') : [String(context.runAsUser)]
  const entry = database.users.find((one) => (/^\d+$/.test(wantedUser) ? one.uid === Number(wantedUser) : one.name === (wantedUser || 'root')))
  const uid = /^\d+$/.test(wantedUser) ? Number(wantedUser) : (entry?.uid ?? (wantedUser === '' || wantedUser === 'root' ? 0 : undefined))
  if (uid === undefined) return { kind: 'refused', message: `unable to find user ${wantedUser}: no matching entries in passwd file` }
  const imageGroup = wantedGroup === '' ? undefined : (database.groups.find((one) => one.name === wantedGroup)?.gid ?? (/^\d+$/.test(wantedGroup) ? Number(wantedGroup) : undefined))
  const gid = context.runAsGroup ?? imageGroup ?? entry?.gid ?? 0
  return { kind: 'user', user: { uid, gid, groups: groupsOf({ pod, gid, userName: entry?.name, database }), home: entry?.home || '/' } }
}

const definedOf = (context: object | undefined): object => Object.fromEntries(Object.entries(context ?? {}).filter(([, value]) => value !== undefined))

interface GroupOptions {
  readonly pod: Pod
  readonly gid: number
  readonly userName: string | undefined
  readonly database: UserDatabase
}

function groupsOf({ pod, gid, userName, database }: GroupOptions): readonly number[] {
  const context = pod.spec?.securityContext
  const groups = new Set([gid, ...(context?.supplementalGroups ?? []), ...(context?.fsGroup === undefined ? [] : [context.fsGroup])])
  if (context?.supplementalGroupsPolicy !== 'Strict' && userName !== undefined) for (const group of database.groups) if (group.members.includes(userName)) groups.add(group.gid)
  return [...groups].sort((a, b) => a - b)
}

interface NonRootOptions {
  readonly pod: Pod
  readonly containerName: string
  readonly imageUser: string
  readonly runAsUser: number | undefined
  readonly runAsNonRoot: boolean | undefined
}

/** Kubelet's words for a container that must not run as root and would (or may). */
function nonRootProblem({ pod, containerName, imageUser, runAsUser, runAsNonRoot }: NonRootOptions): string | undefined {
  if (runAsNonRoot !== true) return undefined
  const who = `(pod: "${pod.metadata.name ?? ''}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid ?? ''})", container: ${containerName})`
  if (runAsUser !== undefined) return runAsUser === 0 ? `container's runAsUser breaks non-root policy ${who}` : undefined
  const user = imageUser.split(':')[0] ?? ''
  if (user === '' || user === '0') return `container has runAsNonRoot and image will run as root ${who}`
  return /^\d+$/.test(user) ? undefined : `container has runAsNonRoot and image has non-numeric user (${user}), cannot verify user is non-root ${who}`
}

/** What is set from outside for a container in a user namespace of its pod's own. */
export interface OwnUsers {
  /** Absent: as the runtime's own. */
  readonly oomScoreAdjust: number | undefined
  /** Whose its standard streams are, in the ids of the namespace. */
  readonly uid: number
  readonly gid: number
}
