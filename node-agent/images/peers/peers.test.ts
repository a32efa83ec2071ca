import { describe, expect, test } from 'vitest'
import { Fault } from '../../../shared/kit/faults.ts'
import { systemClock } from '../../../shared/kit/clock.ts'
import { formatImageDoor, parseImageDoor } from '../../../shared/model/image-door.ts'
import { digestOf } from '../digest.ts'
import { choose, inOrder, type Situation } from './choose.ts'
import { Claims } from './claims.ts'
import { imagePeersOf } from './members.ts'
import { mostSaid, type NameSearch } from './names.ts'
import { type NameAnswer, OPEN, type Right } from './port.ts'
import { mayHave, proofOf, shownAt } from './rights.ts'
import { believed } from './session.ts'

const digest = digestOf('wanted')

describe('choose', () => {
  const [first = '', second = '', third = ''] = inOrder(['a', 'b', 'c'], digest)
  const situation = (answers: Readonly<Record<string, 'have' | 'fetching' | 'claimed' | 'none'>>, more: Partial<Situation> = {}): Situation => ({ self: second, digest, answers: new Map(Object.entries(answers)), rivals: new Set(), ignored: new Set(), ...more })
  test.each<[string, ReturnType<typeof choose>, Situation]>([
    ['nobody answers', { kind: 'fetch' }, situation({})],
    ['nobody has it', { kind: 'fetch' }, situation({ [first]: 'none', [third]: 'none' })],
    ['one has it', { kind: 'have', names: [third] }, situation({ [first]: 'fetching', [third]: 'have' })],
    ['one has it who is not to be asked', { kind: 'wait', name: first }, situation({ [first]: 'fetching', [third]: 'have' }, { ignored: new Set([third]) })],
    ['one fetches already, whatever its place', { kind: 'wait', name: third }, situation({ [first]: 'claimed', [third]: 'fetching' })],
    ['one before this one wants it', { kind: 'wait', name: first }, situation({ [first]: 'claimed', [third]: 'none' })],
    ['one after this one wants it', { kind: 'fetch' }, situation({ [first]: 'none', [third]: 'claimed' })],
    ['one before this one asked after it had answered', { kind: 'wait', name: first }, situation({ [first]: 'none' }, { rivals: new Set([first]) })],
    ['who asked is not waited for again', { kind: 'fetch' }, situation({ [first]: 'none' }, { rivals: new Set([first]), ignored: new Set([first]) })],
  ])('%s', (_, expected, given) => expect(choose(given)).toEqual(expected))
})

test('claims: who waits is told when it is there, when it failed and when nobody brings it any more; a right ends with its pull', async () => {
  const claims = new Claims()
  const secret: Right = { kind: 'secret', hash: 'h' }
  const claim = claims.begin(digest, OPEN)
  expect(claims.begin(digest, secret)).toBe(claim)
  const told = async (work: () => void): Promise<void> => {
    const waiting = claims.changed(digest, { clock: systemClock, ms: 60_000 })
    work()
    await waiting
  }
  await told(() => claims.keep(digest, Buffer.from('x')))
  expect(claims.find(digest)).toMatchObject({ rights: [OPEN, secret], bytes: Buffer.from('x') })
  await told(() => claims.end(digest, OPEN))
  expect(claims.find(digest)?.rights).toEqual([secret])
  await told(() => claims.end(digest, secret))
  expect(claims.find(digest)).toBeUndefined()
  await claims.changed(digest, { clock: systemClock, ms: 1 })
})

test('claims: one that failed is nobody\'s to wait for, until it is tried anew', () => {
  const claims = new Claims()
  const claim = claims.begin(digest, OPEN)
  expect(claims.asked(digest, 'n2')).toBe('claimed')
  claim.state = 'fetching'
  expect(claims.asked(digest, 'n3')).toBe('fetching')
  expect([...claim.rivals]).toEqual(['n2'])
  claim.state = 'failed'
  expect(claims.asked(digest, 'n2')).toBe('none')
  expect(claims.begin(digest, OPEN).state).toBe('claimed')
})

test('claims: who asked before is told to who asks next, and not for ever', () => {
  const claims = new Claims()
  expect(claims.heard(digest, 'n1')).toEqual([])
  expect(claims.heard(digest, 'n1')).toEqual([])
  expect(claims.heard(digest, 'n2')).toEqual(['n1'])
  for (let at = 0; at < 600; at++) claims.heard(digestOf(String(at)), 'n1')
  expect(claims.heard(digest, 'n3')).toEqual([])
  for (let at = 0; at < 200; at++) claims.heard(digest, `m${at}`)
  expect(claims.heard(digest, 'n4')).toHaveLength(64)
})

test('rights: a login is shown without being told, for one giver and one asker', () => {
  const pair = { giver: 'n1', asker: 'n2' }
  const rights: readonly Right[] = [{ kind: 'secret', hash: 'h' }, { kind: 'secret', hash: 'k' }]
  const proof = proofOf('k', pair)
  expect(proof).not.toContain('k'.repeat(2))
  expect(shownAt(rights, ['', proof], pair)).toBe(1)
  expect(shownAt(rights, [proofOf('other', pair)], pair)).toBe(-1)
  expect(mayHave(rights, [proof], { giver: 'n3', asker: 'n2' })).toBe(false)
  expect(mayHave(rights, [proof], { giver: 'n1', asker: 'n3' })).toBe(false)
  expect(mayHave([...rights, OPEN], [], pair)).toBe(true)
  expect(mayHave([], [proof], pair)).toBe(false)
})

test.each([
  ['no connection', new Fault('unavailable', 'connection refused'), ['local', 'open', 'shown']],
  ['nobody was asked', new Fault('not-found', 'no registry x is configured here: load the image with "gantry image import FILE"'), ['local', 'open', 'shown']],
  ['not there', new Fault('not-found', 'unexpected status'), ['local']],
  ['not for this pod', new Fault('permission', 'denied'), ['local']],
  ['nonsense', new Fault('invalid', 'odd'), []],
  ['a mistake of ours', new TypeError('x'), []],
])('believed after the registry said %s', (_, refusal, expected) => expect(believed(refusal)).toEqual(expected))

describe('mostSaid', () => {
  const [old, young] = [digestOf('old'), digestOf('young')]
  const said = (...answers: readonly NameAnswer[]) => answers.map((answer, at) => ({ peer: { name: `n${at}` }, answer }))
  const all: NameSearch['allowed'] = ['local', 'open', 'shown']
  test.each<[string, string | undefined, ReturnType<typeof said>, Parameters<typeof mostSaid>[1]]>([
    ['nobody', undefined, said({ kind: 'none' }), { digest: undefined, allowed: all }],
    ['most', 'n1', said({ kind: 'found', digest: old, right: 'open' }, { kind: 'found', digest: young, right: 'open' }, { kind: 'found', digest: young, right: 'shown', at: 0 }), { digest: undefined, allowed: all }],
    ['only what counts', 'n0', said({ kind: 'found', digest: old, right: 'local' }, { kind: 'found', digest: young, right: 'open' }, { kind: 'found', digest: young, right: 'open' }), { digest: undefined, allowed: ['local'] }],
    ['a digest is that digest', 'n0', said({ kind: 'found', digest: old, right: 'open' }, { kind: 'found', digest: young, right: 'open' }, { kind: 'found', digest: young, right: 'open' }), { digest: old, allowed: all }],
  ])('%s', (_, expected, given, options) => expect(mostSaid(given, options)?.peer).toBe(expected))
})

test('where nodes give images: told by their objects, and by nothing that is not written so', () => {
  expect(parseImageDoor(formatImageDoor({ port: 6448, store: 'abc0' }))).toEqual({ port: 6448, store: 'abc0' })
  for (const text of [undefined, '', '6448', '6448 ', 'x abc', '6448 abc def', '6448 ../x', '999999 a']) expect(parseImageDoor(text)).toBeUndefined()
  const node = (name: string, door: string | undefined, address: string | undefined) =>
    [name, { apiVersion: 'v1', kind: 'Node', metadata: { name, ...(door !== undefined && { annotations: { 'gantry.dev/images': door } }) }, status: { addresses: address === undefined ? [] : [{ type: 'InternalIP', address }] } }] as const
  expect(imagePeersOf({ nodes: new Map([node('n1', '6448 a', '10.0.0.1'), node('n2', undefined, '10.0.0.2'), node('n3', '6448 b', undefined)]) })).toEqual([{ name: 'n1', host: '10.0.0.1', port: 6448, store: 'a' }])
  expect(imagePeersOf(undefined)).toEqual([])
})
