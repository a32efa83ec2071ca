import type { ConfigMap, Status } from '../../shared/model/gen/api.ts'
import type { Door, DoorAnswer, DoorRequest } from './door.ts'
import type { Freshness, Get, Item, List, Page, Revision, Write, WriteOutcome } from './history.ts'
import type { Recorder } from './recorder.ts'
import type { Subject } from './subject.ts'

export interface ClientParts {
  readonly name: string
  /** The server to ask now; `undefined`: there is none that answers. */
  readonly door: () => Door | undefined
  readonly recorder: Recorder
  readonly subject: Subject
}

interface Listed {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string }
  readonly items: readonly ConfigMap[]
}

/** One client: asks one thing after the other and has everything written down. Its methods never reject; without a server nothing is asked. */
export class Client {
  readonly parts: ClientParts
  #values = 0

  constructor(parts: ClientParts) {
    this.parts = parts
  }

  /** A value that nobody else writes. */
  newValue(): string {
    return `${this.parts.name}-${++this.#values}`
  }

  create(name: string, value = this.newValue()): Promise<WriteOutcome> {
    const { subject } = this.parts
    return this.#write({ verb: 'create', name, value }, { method: 'POST', path: subject.pathOf(), body: subject.bodyOf(name, value) })
  }

  update(name: string, value: string, expects?: Revision): Promise<WriteOutcome> {
    const { subject } = this.parts
    return this.#write({ verb: 'update', name, value, expects }, { method: 'PUT', path: subject.pathOf(name), body: subject.bodyOf(name, value, expects) })
  }

  patch(name: string, value = this.newValue()): Promise<WriteOutcome> {
    return this.#write({ verb: 'patch', name, value }, { method: 'PATCH', path: this.parts.subject.pathOf(name), body: { data: { v: value } }, type: 'application/merge-patch+json' })
  }

  delete(name: string, expects?: Revision): Promise<WriteOutcome> {
    const body = expects === undefined ? undefined : { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { resourceVersion: String(expects) } }
    return this.#write({ verb: 'delete', name, value: undefined, expects }, { method: 'DELETE', path: this.parts.subject.pathOf(name), body })
  }

  async get(name: string, fresh: Freshness): Promise<Get['outcome']> {
    const { subject, recorder } = this.parts
    const door = this.parts.door()
    if (!door) return { kind: 'failed' }
    const asked: Omit<Get, 'id' | 'asked' | 'answered' | 'outcome'> = { kind: 'get', client: this.parts.name, server: door.server, key: subject.keyOf(name), fresh }
    const answered = recorder.ask({ ...asked, outcome: { kind: 'failed' } })
    const answer = await asking(door, { method: 'GET', path: `${subject.pathOf(name)}${queryOf(freshQuery(fresh))}` })
    const item = answer?.status === 200 ? subject.itemOf(answer.body as ConfigMap) : undefined
    const outcome: Get['outcome'] = item ? { kind: 'found', item } : answer?.status === 404 ? { kind: 'absent' } : { kind: 'failed' }
    answered({ ...asked, outcome })
    if (item) recorder.told(item.revision)
    return outcome
  }

  /** @param limit items of a page. */
  async list(fresh: List['fresh'], limit?: number): Promise<Page | undefined> {
    const { subject, recorder } = this.parts
    const door = this.parts.door()
    if (!door) return undefined
    const asked: Omit<List, 'id' | 'asked' | 'answered' | 'outcome'> = { kind: 'list', client: this.parts.name, server: door.server, prefix: subject.prefix, fresh }
    const answered = recorder.ask({ ...asked, outcome: { kind: 'failed' } })
    const outcome = await this.#pages(door, fresh, limit)
    answered({ ...asked, outcome })
    if (outcome.kind !== 'listed') return undefined
    const revision = outcome.pages[0]?.revision ?? 0
    recorder.told(revision)
    return { revision, items: outcome.pages.flatMap(({ items }) => items) }
  }

  async #pages(door: Door, fresh: List['fresh'], limit: number | undefined): Promise<List['outcome']> {
    const pages: Page[] = []
    let next = freshQuery(fresh)
    for (;;) {
      const answer = await asking(door, { method: 'GET', path: `${this.parts.subject.pathOf()}${queryOf({ ...next, limit: limit === undefined ? undefined : String(limit) })}` })
      if (answer?.status === 410) return { kind: 'gone' }
      if (answer?.status !== 200) return { kind: 'failed' }
      const { metadata, items } = answer.body as Listed
      pages.push({ revision: Number(metadata.resourceVersion), items: this.itemsOf(items) })
      if (!metadata.continue) return { kind: 'listed', pages }
      next = { continue: metadata.continue }
    }
  }

  itemsOf(objects: readonly ConfigMap[]): readonly Item[] {
    return objects.flatMap((object) => this.parts.subject.itemOf(object) ?? [])
  }

  async #write({ verb, name, value, expects }: Pick<Write, 'verb' | 'value' | 'expects'> & { readonly name: string }, request: DoorRequest): Promise<WriteOutcome> {
    const { subject, recorder } = this.parts
    const door = this.parts.door()
    if (!door) return { kind: 'refused', reason: 'other' }
    const asked: Omit<Write, 'id' | 'asked' | 'answered' | 'outcome'> = { kind: 'write', client: this.parts.name, server: door.server, verb, key: subject.keyOf(name), value, expects }
    const answered = recorder.ask({ ...asked, outcome: { kind: 'unknown' } })
    const outcome = outcomeOf(verb, await asking(door, request))
    answered({ ...asked, outcome })
    if (outcome.kind === 'done') recorder.told(outcome.revision ?? 0)
    return outcome
  }
}

const asking = (door: Door, request: DoorRequest): Promise<DoorAnswer | undefined> => door.request(request).catch(() => undefined)

function outcomeOf(verb: Write['verb'], answer: DoorAnswer | undefined): WriteOutcome {
  if (answer === undefined) return { kind: 'unknown' }
  const { status, body } = answer
  if (status < 300) return { kind: 'done', revision: verb === 'delete' ? undefined : Number((body as ConfigMap).metadata.resourceVersion) }
  if (status === 404) return { kind: 'refused', reason: 'missing' }
  if (status === 409) return { kind: 'refused', reason: (body as Status).reason === 'AlreadyExists' ? 'exists' : 'conflict' }
  // A 503 says that nothing was written (`control-plane/apiserver/status.ts`).
  return status < 500 || status === 503 ? { kind: 'refused', reason: 'other' } : { kind: 'unknown' }
}

type Query = Readonly<Record<string, string | undefined>>

export function freshQuery(fresh: List['fresh']): Query {
  switch (fresh.kind) {
    case 'newest':
      return {}
    case 'any':
      return { resourceVersion: '0' }
    case 'not-older':
      return { resourceVersion: String(fresh.revision), resourceVersionMatch: 'NotOlderThan' }
    case 'exact':
      return { resourceVersion: String(fresh.revision), resourceVersionMatch: 'Exact' }
  }
}

export function queryOf(query: Query): string {
  const given = Object.entries(query).filter((one): one is [string, string] => one[1] !== undefined)
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}
