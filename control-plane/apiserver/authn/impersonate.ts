/** `Impersonate-*` headers: a request made as somebody else, if its sender may speak for that somebody in one of the ways there are. */
import type { Status } from '../../../shared/model/gen/api.ts'
import { requestAttributes } from '../authz/attributes.ts'
import type { Authorizer } from '../authz/authorizer.ts'
import type { ApiRequest, User } from '../request.ts'
import { badRequest } from '../status.ts'
import { MODES, type Mode } from './impersonation-modes.ts'

export type Impersonation = { readonly kind: 'user'; readonly user: User } | { readonly kind: 'refused'; readonly status: Status }

const EXTRA_PREFIX = 'impersonate-extra-'
/** Of so many senders it is known how they spoke for others last. */
const REMEMBERED = 10_000

/** Tells who a request is made as: its sender when it names nobody else. The way in which a sender spoke for somebody last is tried first, and is the one whose refusal is told. */
export function createImpersonation(authorize: Authorizer): (request: ApiRequest) => Impersonation {
  const lastModes = new Map<string, Mode>()
  return (request) => {
    const wanted = wantedUser(request.headers)
    if (!wanted) return { kind: 'user', user: request.user }
    if (wanted.name === '') return { kind: 'refused', status: badRequest(`requested ${goStruct(wanted)} without impersonating a user name`).status }
    const attempt = { wanted, request: requestAttributes(request), authorize }
    const last = lastModes.get(request.user.name)
    const refused: Status[] = []
    for (const mode of last ? [last, ...MODES.filter((one) => one !== last)] : MODES) {
      const outcome = mode(attempt)
      if (outcome.kind === 'refused') refused.push(outcome.status)
      if (outcome.kind !== 'user') continue
      remember(lastModes, request.user.name, mode)
      return outcome
    }
    return { kind: 'refused', status: refused[0] ?? badRequest('all impersonation modes failed').status }
  }
}

/** Who was heard of longest ago is forgotten first. */
function remember(lastModes: Map<string, Mode>, sender: string, mode: Mode): void {
  lastModes.delete(sender)
  lastModes.set(sender, mode)
  const oldest = lastModes.size > REMEMBERED ? lastModes.keys().next().value : undefined
  if (oldest !== undefined) lastModes.delete(oldest)
}

/** Headers that came several times stand one to a line: a group may have a comma in its name. */
const listed = (header: string | undefined): readonly string[] => (header === undefined ? [] : header.split('\n'))

/** Nearly nobody speaks for others: that is seen at a glance. */
function isImpersonating(headers: ApiRequest['headers']): boolean {
  for (const name in headers) if (name.startsWith('impersonate-')) return true
  return false
}

function wantedUser(headers: ApiRequest['headers']): User | undefined {
  if (!isImpersonating(headers)) return undefined
  const extra = Object.entries(headers).filter(([name]) => name.startsWith(EXTRA_PREFIX))
  const [name, uid, groups] = [headers['impersonate-user'] ?? '', headers['impersonate-uid'] ?? '', listed(headers['impersonate-group'])]
  if (name === '' && uid === '' && groups.length === 0 && extra.length === 0) return undefined
  return { name, uid, groups, extra: Object.fromEntries(extra.map(([header, value]) => [unescaped(header.slice(EXTRA_PREFIX.length)), listed(value)])) }
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key)
  } catch {
    return key
  }
}

/** The message quotes the user as Go prints it. */
function goStruct({ name, uid, groups, extra }: User): string {
  const strings = (values: readonly string[]): string => `[]string{${values.map((value) => JSON.stringify(value)).join(', ')}}`
  const entries = Object.entries(extra).map(([key, values]) => `${JSON.stringify(key)}:${strings(values)}`)
  return `&user.DefaultInfo{Name:${JSON.stringify(name)}, UID:${JSON.stringify(uid)}, Groups:${groups.length === 0 ? '[]string(nil)' : strings(groups)}, Extra:map[string][]string${entries.length === 0 ? '(nil)' : `{${entries.join(', ')}}`}}`
}
