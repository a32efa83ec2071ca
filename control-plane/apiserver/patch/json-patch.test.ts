import { expect, test } from 'vitest'
import { applyJsonPatch } from './json-patch.ts'

const times = <T>(count: number, make: (index: number) => T): readonly T[] => Array.from({ length: count }, (_, index) => make(index))

test('copies of copies do not fill all memory', () => {
  const doubling = times(60, (index) => ({ op: 'copy', from: '/data', path: `/data/a${index}` }))
  expect(applyJsonPatch({ data: { a: {} } }, doubling.slice(0, 10)).kind).toBe('patched')
  expect(applyJsonPatch({ data: { a: {} } }, doubling)).toMatchObject({ kind: 'refused', code: 422 })
})

test('many changes of something large take no longer than they must', () => {
  const data = Object.fromEntries(times(20_000, (index) => [`key${index}`, '']))
  const before = performance.now()
  const outcome = applyJsonPatch({ data }, times(2_000, (index) => ({ op: 'add', path: `/data/new${index}`, value: '' })))
  expect(performance.now() - before).toBeLessThan(5_000)
  expect(outcome.kind === 'patched' && Object.keys(outcome.object['data'] ?? {}).length).toBe(22_000)
})

test('neither the object nor the patch is changed, and a copy is nobody else’s', () => {
  const current = { spec: { list: [{ a: 1 }] } }
  const patch = [
    { op: 'add', path: '/spec/added', value: { b: 1 } },
    { op: 'add', path: '/spec/added/c', value: 2 },
    { op: 'copy', from: '/spec/list', path: '/spec/copied' },
    { op: 'replace', path: '/spec/copied/0/a', value: 2 },
    { op: 'add', path: '/spec/__proto__', value: { polluted: true } },
  ]
  const texts = [JSON.stringify(current), JSON.stringify(patch)]
  const outcome = applyJsonPatch(current, patch)
  expect([JSON.stringify(current), JSON.stringify(patch)]).toEqual(texts)
  expect(outcome.kind === 'patched' && JSON.stringify(outcome.object)).toBe('{"spec":{"list":[{"a":1}],"added":{"b":1,"c":2},"copied":[{"a":2}],"__proto__":{"polluted":true}}}')
  expect(({} as { readonly polluted?: boolean }).polluted).toBeUndefined()
})
