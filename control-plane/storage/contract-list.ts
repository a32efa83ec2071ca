import { expect, test } from 'vitest'
import { committed, faulty, put, remove, type Room } from './contract-room.ts'
import { listRevision, POSITIONS } from './port.ts'

/** The part of the contract about lists. */
export function describeListing(room: Room): void {
  const fill = async (names: readonly string[]): Promise<string> => {
    const prefix = room.prefix()
    await Promise.all(names.map((name) => committed(put(room.storage, `${prefix}${name}`, `{"name":"${name}"}`))))
    return prefix
  }
  const names = (listed: { readonly entries: ReadonlyArray<{ readonly key: string }> }, prefix: string): string[] => listed.entries.map((entry) => entry.key.slice(prefix.length))

  test('a list is in order of key, of its prefix only, and its revision is later than what it holds', async () => {
    const prefix = await fill(['b/2', 'a/1', 'b/1', 'c', 'b.x/1'])
    const all = await room.storage.list(prefix)
    expect(names(all, prefix)).toEqual(['a/1', 'b.x/1', 'b/1', 'b/2', 'c'])
    expect(all.remaining).toBe(0)
    expect(all.revision).toBe(await room.storage.currentRevision())
    for (const entry of all.entries) expect(entry.revision).toBeLessThanOrEqual(all.revision)
    expect(names(await room.storage.list(`${prefix}b/`), prefix)).toEqual(['b/1', 'b/2'])
    expect(names(await room.storage.list(`${prefix}nothing/`), prefix)).toEqual([])
  })

  test('pages at one revision show that revision, whatever is written meanwhile', async () => {
    const prefix = await fill(['a', 'b', 'c', 'd', 'e'])
    const first = await room.storage.list(prefix, { limit: 2 })
    expect([names(first, prefix), first.remaining]).toEqual([['a', 'b'], 3])
    await committed(remove(room.storage, `${prefix}c`))
    await committed(put(room.storage, `${prefix}d`, '{"name":"changed"}'))
    await committed(put(room.storage, `${prefix}cc`, '{}'))
    const next = { startAfter: `${prefix}b`, limit: 2 }
    const second = await room.storage.list(prefix, { ...next, revision: first.revision })
    expect([names(second, prefix), second.remaining, second.revision]).toEqual([['c', 'd'], 1, first.revision])
    expect(second.entries[1]?.value).toBe('{"name":"d"}')
    const now = await room.storage.list(prefix, next)
    expect([names(now, prefix), now.remaining]).toEqual([['cc', 'd'], 1])
  })

  test('a list at the revision of one write shows it and what was before it, and nothing that was written later, however close together', async () => {
    const prefix = await fill(['a', 'b', 'c', 'd', 'e', 'f'])
    const { revision: start, entries } = await room.storage.list(prefix)
    const state = new Map(entries.map(({ key, value }) => [key, value]))
    const now: Array<{ readonly revision: number; readonly key: string; readonly value?: string }> = await Promise.all([
      ...['a', 'b', 'g', 'h', 'i'].map(async (name) => ({ revision: await committed(put(room.storage, `${prefix}${name}`, `{"new":"${name}"}`)), key: `${prefix}${name}`, value: `{"new":"${name}"}` })),
      ...['c', 'e'].map(async (name) => ({ revision: await committed(remove(room.storage, `${prefix}${name}`)), key: `${prefix}${name}` })),
    ])
    expect(Math.min(...now.map(({ revision }) => revision))).toBeGreaterThan(start)
    for (const { revision, key, value } of now.toSorted((one, other) => one.revision - other.revision)) {
      if (value === undefined) state.delete(key)
      else state.set(key, value)
      const listed = await room.storage.list(prefix, { revision })
      expect(listed.entries.map((entry) => [entry.key, entry.value])).toEqual([...state].toSorted(([one], [other]) => (one < other ? -1 : 1)))
      expect(listed.revision).toBe(revision)
      const page = await room.storage.list(prefix, { revision, startAfter: `${prefix}b`, limit: 2 })
      expect(page.entries).toEqual(listed.entries.filter((entry) => entry.key > `${prefix}b`).slice(0, 2))
      expect(page.remaining).toBe(listed.entries.filter((entry) => entry.key > `${prefix}b`).length - page.entries.length)
    }
  })

  test('a revision that has not happened yet is invalid', async () => {
    const revision = (await room.storage.currentRevision()) + 10 * POSITIONS
    await expect(room.storage.list(room.prefix(), { revision })).rejects.toSatisfy(faulty('invalid'))
    await expect(room.storage.compact(revision)).rejects.toSatisfy(faulty('invalid'))
  })

  test.each([-1, -1_025, 1.5, 2 ** 53, 1e20, Number.POSITIVE_INFINITY])('%d can be no revision, and is refused at once', async (revision) => {
    await expect(room.storage.list(room.prefix(), { revision })).rejects.toSatisfy(faulty('invalid'))
  })

  test.each([0, 1, POSITIONS - 1, POSITIONS, POSITIONS + 1])('before the first write (%d) there was nothing, as far as that is known still', async (revision) => {
    const prefix = await fill(['a'])
    const listed = await room.storage.list(prefix, { revision, limit: 1 }).catch((error: unknown) => error)
    if (listed instanceof Error) expect(listed).toSatisfy(faulty('gone'))
    else expect(listed).toEqual({ entries: [], revision, remaining: 0 })
  })

  test('after compaction the past is gone, the revision itself and the present are not', async () => {
    const prefix = await fill(['a'])
    const before = await room.storage.currentRevision()
    await committed(put(room.storage, `${prefix}b`, '{}'))
    const compacted = await room.storage.currentRevision()
    await committed(put(room.storage, `${prefix}c`, '{}'))
    await room.storage.compact(compacted)
    await room.storage.compact(compacted)
    await expect(room.storage.list(prefix, { revision: before })).rejects.toSatisfy(faulty('gone'))
    expect(names(await room.storage.list(prefix, { revision: compacted }), prefix)).toEqual(['a', 'b'])
    expect(names(await room.storage.list(prefix), prefix)).toEqual(['a', 'b', 'c'])
    expect(compacted % POSITIONS).toBe(listRevision(0))
  })
}
