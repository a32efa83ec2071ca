import { expect, test } from 'vitest'
import type { CachedObject } from '../../storage/watch-cache-port.ts'
import { createListBytes, itemText, type ListBytes, textPieces } from './list-bytes.ts'

const definition = {}
const of = (lists: ListBytes, items: readonly CachedObject[], head: string, { by = definition, form = 'list', end = '' } = {}): readonly Uint8Array[] => lists.of({ items, by, form }, () => textPieces({ each: items.map((one) => itemText(one, head)), end }))

const HEAD = '{"kind":"Pod","apiVersion":"v1",'

function item(name: string, more = ''): CachedObject {
  const object = { kind: 'Pod', apiVersion: 'v1', metadata: { name, more } }
  return { key: name, revision: 1, object, json: () => JSON.stringify(object) }
}

/** A clock that the test moves on. */
function handClock() {
  let nowMs = 0
  let timers: Array<{ readonly atMs: number; readonly run: () => void }> = []
  const clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after(delayMs: number, run: () => void) {
      const timer = { atMs: nowMs + delayMs, run }
      timers.push(timer)
      return () => void (timers = timers.filter((one) => one !== timer))
    },
  }
  const advance = (ms: number): void => {
    nowMs += ms
    const due = timers.filter(({ atMs }) => atMs <= nowMs)
    timers = timers.filter(({ atMs }) => atMs > nowMs)
    for (const { run } of due) run()
  }
  return { clock, advance }
}

const text = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString()

test('the items stand without the head that the list tells for all of them, whatever their letters', () => {
  const lists = createListBytes(handClock())
  expect(text(of(lists, [item('a'), item('b', 'ä€😀')], HEAD))).toBe('{"metadata":{"name":"a","more":""}},{"metadata":{"name":"b","more":"ä€😀"}}')
  expect(text(of(lists, [item('a')], ''))).toBe(item('a').json())
  expect(of(lists, [], HEAD)).toEqual([])
  expect(text(of(lists, [item('a')], HEAD, { form: 'closed', end: ']}' }))).toBe('{"metadata":{"name":"a","more":""}}]}')
})

test('what is short goes out as one, such as the objects that clients ask for at a time', () => {
  const items = [...Array(500).keys()].map((index) => item(`p${index}`, 'x'.repeat(2300)))
  const pieces = of(createListBytes(handClock()), items, '', { end: ']' })
  expect(pieces).toHaveLength(1)
  expect(JSON.parse(`[${text(pieces)}`)).toEqual(items.map(({ object }) => object))
})

test('many and large items come in several pieces that are one text together', () => {
  const items = [...Array(700).keys()].map((index) => item(`p${index}`, 'x'.repeat(index === 7 ? 600_000 : 3000)))
  const pieces = of(createListBytes(handClock()), items, '')
  expect(pieces.length).toBeGreaterThan(3)
  expect(JSON.parse(`[${text(pieces)}]`)).toEqual(items.map(({ object }) => object))
})

test('bytes are of the very array that is asked for: another state of the cache has other ones', () => {
  const lists = createListBytes(handClock())
  const before = [item('a', 'old')]
  for (let times = 0; times < 3; times++) of(lists, before, HEAD)
  expect(text(of(lists, [item('a', 'new')], HEAD))).toContain('new')
  expect(text(of(lists, before, HEAD))).toContain('old')
})

test('those who ask at the same time share what the first was given, however large it is', () => {
  const lists = createListBytes({ ...handClock(), mostBytes: 10 })
  const items = [item('a'), item('b')]
  const [first, ...others] = [of(lists, items, HEAD), of(lists, items, HEAD), of(lists, items, HEAD)]
  expect(others.every((pieces) => pieces[0] === first?.[0])).toBe(true)
  expect(of(lists, items, HEAD, { by: {} })[0]).not.toBe(first?.[0])
  expect(of(lists, items, HEAD, { form: 'other' })[0]).not.toBe(first?.[0])
})

test('what is asked for again is made once, and let go when nobody asks any more', () => {
  const { clock, advance } = handClock()
  const lists = createListBytes({ clock, idleMs: 1000 })
  const items = [item('a')]
  of(lists, items, HEAD)
  const kept = of(lists, items, HEAD)
  expect(of(lists, items, HEAD)).toBe(kept)
  advance(999)
  expect(of(lists, items, HEAD)).toBe(kept)
  advance(1000)
  advance(1000)
  expect(of(lists, items, HEAD)).not.toBe(kept)
})

test('another form, or the words of another definition of the kind, are others', () => {
  const lists = createListBytes(handClock())
  const items = [item('a')]
  const kept = (of(lists, items, HEAD), of(lists, items, HEAD))
  expect(of(lists, items, HEAD)).toBe(kept)
  expect(text(of(lists, items, '', { form: 'whole' }))).toBe(item('a').json())
  expect(text(of(lists, items, '', { by: {} }))).toBe(item('a').json())
  expect(of(lists, items, HEAD)).toBe(kept)
})

test('it keeps no more than it may: what was used longest ago goes first', () => {
  const lists = createListBytes({ ...handClock(), mostBytes: 250 })
  const [first, second, third] = ['a', 'b', 'c'].map((name) => [item(name, 'x'.repeat(80))]) as [CachedObject[], CachedObject[], CachedObject[]]
  const twice = (items: CachedObject[]): readonly Uint8Array[] => (of(lists, items, HEAD), of(lists, items, HEAD))
  const [a, b] = [twice(first), twice(second)]
  expect(of(lists, first, HEAD)).toBe(a)
  twice(third)
  expect(of(lists, first, HEAD)).toBe(a)
  expect(of(lists, second, HEAD)).not.toBe(b)
})

test('what takes long is made once for all who ask meanwhile, and for those who ask while it is on its way to somebody', async () => {
  const lists = createListBytes(handClock())
  const items = [item('a')]
  const made: Array<(pieces: readonly Uint8Array[]) => void> = []
  const ask = (form = 'list'): Promise<readonly Uint8Array[]> => lists.soon({ items, by: definition, form }, () => new Promise((resolve) => void made.push(resolve)))
  const [first, second, other] = [ask(), ask(), ask('other')]
  expect(made.length).toBe(2)
  const pieces = [Buffer.from('abc')]
  for (const resolve of made) resolve(pieces)
  expect(await first).toEqual(pieces)
  expect((await second)[0]).toBe((await first)[0])
  expect((await other)[0]).toBe(pieces[0])
  expect((await ask())[0]).toBe(pieces[0])
  expect(made.length).toBe(2)
})

test('what could not be made is asked for again', async () => {
  const lists = createListBytes(handClock())
  const said = { items: [item('a')], by: definition, form: 'list' }
  await expect(lists.soon(said, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await lists.soon(said, () => Promise.resolve([Buffer.from('abc')]))).toHaveLength(1)
})
