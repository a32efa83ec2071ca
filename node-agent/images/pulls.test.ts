import { describe, expect, it, test } from 'vitest'
import { type AccessRules, DEFAULT_RULES, type HashedLogin, mayUse, type PullRecord, rightsTo, withPull } from './pull-access.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { digestOf } from './digest.ts'
import type { EnsureResult, Image } from './port.ts'
import { Pulls } from './pulls.ts'
import { parseReference, type Reference } from './reference.ts'
import type { OpenOptions, RegistryLogin, RepositorySession } from './registry/port.ts'
import { SharedWork } from './shared-work.ts'

const secret = (name: string): { readonly namespace: string; readonly name: string; readonly uid: string } => ({ namespace: 'n', name, uid: `uid-${name}` })
const login = (name: string, hash: string) => ({ login: { registry: 'r.io', credential: { kind: 'access-token', token: hash } as const, secret: secret(name) }, hash })
/** Of a node, and of a person. */
const own = (hash: string): HashedLogin => ({ login: { registry: 'r.io', credential: { kind: 'access-token', token: hash } }, hash })
const person = (hash: string): HashedLogin => ({ login: { ...own(hash).login, isPersonal: true }, hash })
/** As older agents wrote it. */
const recordOf = (isOpen: boolean, ...secrets: ReadonlyArray<readonly [string, string]>): PullRecord => ({ id: 'i', repositories: { 'r.io/a': { isOpen, secrets: secrets.map(([name, hash]) => ({ ...secret(name), hash })) } } })

describe('mayUse', () => {
  const rules = (policy: AccessRules['policy'], ...allowlist: readonly string[]): AccessRules => ({ policy, allowlist })
  const by = (...logins: ReadonlyArray<HashedLogin | undefined>): PullRecord | undefined => logins.reduce<PullRecord | undefined>((record, one) => withPull(record, { id: 'i', repository: 'r.io/a', by: one }), undefined)
  it.each<[string, boolean, boolean, PullRecord | undefined, HashedLogin[], AccessRules?]>([
    ['pulled by nobody in particular', true, false, by(undefined), []],
    ['pulled by a login of the node', true, false, by(own('h')), []],
    ["pulled by a person's login, by a pod without", false, false, by(person('h')), []],
    ["pulled by a person's login, by a pod with another", false, false, by(person('h')), [login('s', 'k')]],
    ["pulled by a person's login, by a pod whose secret says the same", true, false, by(person('h')), [login('s', 'h')]],
    ["pulled by a person's login, by that person", true, false, by(person('h')), [person('h')]],
    ["pulled by a person's login and then by the node's", true, false, by(person('h'), own('k')), []],
    ['brought by hand', true, true, undefined, []],
    ['pulled, nobody knows by what', false, false, undefined, [login('s', 'h')]],
    ['pulled without a login', true, false, recordOf(true), []],
    ['pulled with a secret, by a pod without', false, false, recordOf(false, ['s', 'h']), []],
    ['pulled with this secret', true, false, recordOf(false, ['s', 'h']), [login('s', 'h')]],
    ['pulled with what this secret said before', false, false, recordOf(false, ['s', 'h']), [login('s', 'other')]],
    ['another secret that says the same', true, false, recordOf(false, ['s', 'h']), [login('t', 'h')]],
    ['from another repository', false, false, { id: 'i', repositories: { 'r.io/b': { isOpen: true, secrets: [] } } }, []],
    ['never asked', true, false, undefined, [], rules('NeverVerify')],
    ['always asked', false, true, undefined, [], rules('AlwaysVerify')],
    ['always asked, and shown', true, true, recordOf(false, ['s', 'h']), [login('s', 'h')], rules('AlwaysVerify')],
    ['on the list', true, false, undefined, [], rules('NeverVerifyAllowlistedImages', 'r.io/*')],
    ['not on the list', false, true, undefined, [], rules('NeverVerifyAllowlistedImages', 'r.io/b', 'q.io/*')],
  ])('%s: %s', (_, expected, isPreloaded, record, logins, access = DEFAULT_RULES) => {
    expect(mayUse({ repository: 'r.io/a', isPreloaded, record, logins }, access)).toBe(expected)
  })
})

test('withPull: what a secret said before counts no more, others stay, and what is open stays open', () => {
  const pulled = (record: PullRecord | undefined, by: ReturnType<typeof login> | undefined): PullRecord => withPull(record, { id: 'i', repository: 'r.io/a', by })
  const both = pulled(pulled(undefined, login('s', 'h')), login('t', 'k'))
  expect(both).toMatchObject(recordOf(false, ['s', 'h'], ['t', 'k']))
  expect(pulled(both, login('s', 'new'))).toMatchObject(recordOf(false, ['t', 'k'], ['s', 'new']))
  expect(pulled(both, undefined)).toMatchObject(recordOf(true, ['s', 'h'], ['t', 'k']))
  expect(pulled(recordOf(true), login('s', 'h'))).toMatchObject(recordOf(true, ['s', 'h']))
})

describe('rightsTo: which other nodes are given an image', () => {
  const after = (record: PullRecord | undefined, ...logins: ReadonlyArray<HashedLogin | undefined>): PullRecord | undefined => logins.reduce<PullRecord | undefined>((before, by) => withPull(before, { id: 'i', repository: 'r.io/a', by }), record)
  it.each<[string, ReadonlyArray<string | undefined>, PullRecord | undefined]>([
    ['pulled without a login', [undefined], after(undefined, undefined)],
    ["by the node's own login", ['h'], after(undefined, own('h'))],
    ["by a person's login", ['h'], after(undefined, person('h'))],
    ['by all kinds of logins', ['s', 'h', 'k'], after(undefined, own('h'), person('k'), login('s', 's'))],
    ['by a login, and then without', [undefined], after(undefined, own('h'), undefined)],
    ['without a login, and then by one', [undefined], after(undefined, undefined, own('h'))],
    ['openly, as an older agent said: it did not say by what', [], recordOf(true)],
    ['openly, as an older agent said, and by secrets', ['h'], recordOf(true, ['s', 'h'])],
    ['openly, as an older agent said, and without a login now', [undefined], after(recordOf(true), undefined)],
    ["openly, as an older agent said, and by the node's own login now", ['k'], after(recordOf(true), own('k'))],
    ['from another repository', [], { id: 'i', repositories: {} }],
    ['nobody knows by what', [], undefined],
  ])('%s', (_, expected, record) => expect(rightsTo('r.io/a', record).map(({ hash }) => hash)).toEqual(expected))
})

describe('SharedWork', () => {
  const never = new AbortController().signal
  test('is done once for all, and anew afterwards', async () => {
    const shared = new SharedWork<number>()
    let begun = 0
    const work = async (): Promise<number> => ++begun
    expect(await Promise.all([1, 2, 3].map(() => shared.run('a', never, work)))).toEqual([1, 1, 1])
    expect(await shared.run('b', never, work)).toBe(2)
    expect(await shared.run('a', never, work)).toBe(3)
  })

  test('goes on while somebody waits; ends with the last; who leaves is not kept', async () => {
    const shared = new SharedWork<string>()
    const [one, two] = [new AbortController(), new AbortController()]
    let stopped = false
    const work = (signal: AbortSignal): Promise<string> =>
      new Promise((_, reject) =>
        signal.addEventListener('abort', () => {
          stopped = true
          reject(new Error('stopped'))
        }),
      )
    const first = shared.run('a', one.signal, work)
    const second = shared.run('a', two.signal, work)
    one.abort(new Error('left'))
    await expect(first).rejects.toThrow('left')
    expect(stopped).toBe(false)
    two.abort(new Error('left too'))
    await expect(second).rejects.toThrow('left too')
    expect(stopped).toBe(true)
    expect(await shared.run('a', never, async () => 'anew')).toBe('anew')
  })

  test('a failure reaches all who wait', async () => {
    const shared = new SharedWork<string>()
    const fail = (): Promise<string> => Promise.reject(new Error('no'))
    expect((await Promise.allSettled([shared.run('a', never, fail), shared.run('a', never, fail)])).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })
})

describe('Pulls', () => {
  const digest = digestOf(Buffer.from('image'))
  const image: Image = { id: digest, tags: [], digests: [], sizeBytes: 1, config: { entrypoint: [], cmd: [], env: [], workingDir: '', user: '', stopSignal: '', labels: {}, volumes: [] }, layers: [] }
  const referenceOf = (name: string): Reference => {
    const parsed = parseReference(name)
    if (parsed.kind === 'invalid') throw new Error(parsed.message)
    return parsed.reference
  }
  /** The image is here already: a pull of it only resolves its name. */
  const pullsOf = (resolve: (repository: string, how: OpenOptions) => Promise<void>): ((name: string, logins?: readonly RegistryLogin[], signal?: AbortSignal) => Promise<EnsureResult>) => {
    const open = (repository: string, how: OpenOptions): RepositorySession => {
      const session: Partial<RepositorySession> = { login: undefined, resolve: async () => (await resolve(repository, how), { mediaType: 'x', digest, sizeBytes: 1 }) }
      return session as RepositorySession
    }
    const pulls = new Pulls({ registry: { open }, clock: systemClock, nodeArch: 'x64', find: async () => image, add: () => Promise.reject(new Error('not asked for')), mayUse: async () => true, mayUseLocal: () => true, name: async () => image, note: async () => {} })
    return (name, logins = [], signal = new AbortController().signal) => pulls.pull(referenceOf(name), undefined, { logins, signal })
  }

  test('a registry that keeps silent holds up its own pulls, and nobody else\'s', async () => {
    let begun = 0
    const stop = new AbortController()
    const pull = pullsOf((repository, { signal }) => (repository.startsWith('silent.io/') ? (begun++, new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Fault('cancelled', 'left'))))) : Promise.resolve()))
    const stuck = Promise.allSettled([1, 2, 3, 4].map((n) => pull(`silent.io/app${n}:v1`, [], stop.signal)))
    expect(await pull('other.io/app:v1')).toMatchObject({ kind: 'present' })
    expect(begun).toBe(3)
    stop.abort(new Error('enough'))
    expect((await stuck).map(({ status }) => status)).toEqual(Array.from({ length: 4 }, () => 'rejected'))
  })

  test('a pull is shared by those who show the same to everybody, its mirrors too', async () => {
    const asked: string[] = []
    let go = (): void => {}
    const start = new Promise<void>((resolve) => (go = resolve))
    const pull = pullsOf(async (_, { logins }) => {
      asked.push(logins.map(({ registry }) => registry).join())
      await start
      if (logins.length === 0) throw new Fault('permission', 'pull access denied')
    })
    const mirror: RegistryLogin = { ...login('s', 'h').login, registry: 'mirror.io' }
    const pulls = [pull('r.io/a:v1', [mirror]), pull('r.io/a:v1', [{ ...mirror, secret: secret('same-words') }]), pull('r.io/a:v1')]
    go()
    expect((await Promise.all(pulls)).map(({ kind }) => kind)).toEqual(['present', 'present', 'refused'])
    expect(asked).toEqual(['mirror.io', ''])
  })

  test.each<[string, readonly string[], (logins: readonly RegistryLogin[]) => RegistryLogin | undefined | 'refused']>([
    ['is noted as that, where the registry refuses who shows none', ['person'], (logins) => logins[0] ?? 'refused'],
    ['is noted, and that nobody needs it, where the registry gives the image to everybody', ['person', 'nobody'], (logins) => logins[0]],
    ["is noted, and the node's own, where that opens the image too", ['person', 'node'], (logins) => logins[0] ?? own('k').login],
  ])("what a person's login opened %s", async (_, expected, letIn) => {
    const noted: string[] = []
    const open = (__: string, { logins }: OpenOptions): RepositorySession => {
      const login = letIn(logins)
      const session: Partial<RepositorySession> = { login: login === 'refused' ? undefined : login, resolve: async () => (login === 'refused' ? Promise.reject(new Fault('permission', 'denied')) : { mediaType: 'x', digest, sizeBytes: 1 }) }
      return session as RepositorySession
    }
    const note = async (__: Image, pulled: { readonly login: RegistryLogin | undefined }): Promise<void> => void noted.push(pulled.login === undefined ? 'nobody' : pulled.login.isPersonal === true ? 'person' : 'node')
    const pulls = new Pulls({ registry: { open }, clock: systemClock, nodeArch: 'x64', find: async () => image, add: () => Promise.reject(new Error('not asked for')), mayUse: async () => true, mayUseLocal: () => true, name: async () => image, note })
    expect(await pulls.pull(referenceOf('r.io/a:v1'), undefined, { logins: [person('h').login], signal: new AbortController().signal })).toMatchObject({ kind: 'present' })
    expect(noted).toEqual(expected)
  })
})
