import { expect, test } from 'vitest'
import { cpioArchive } from './cpio.ts'
import { initScript } from './init.ts'

test('an archive as kernels read it: headers of 110 characters, everything at a multiple of four', () => {
  const text = Buffer.from(cpioArchive([{ kind: 'folder', path: 'bin' }, { kind: 'file', path: 'bin/x', bytes: Buffer.from('12345'), executable: true }, { kind: 'device', path: 'c', major: 5, minor: 1 }])).toString('latin1')
  expect(text.length % 4).toBe(0)
  const at = [...text.matchAll(/070701/g)].map(({ index }) => index)
  expect(at).toHaveLength(4)
  expect(at.every((index) => index % 4 === 0)).toBe(true)
  const fields = (index: number): readonly number[] => Array.from({ length: 13 }, (_, one) => Number.parseInt(text.slice(index + 6 + 8 * one, index + 14 + 8 * one), 16))
  const named = at.map((index) => ({ name: text.slice(index + 110, text.indexOf('\0', index + 110)), mode: fields(index)[1]?.toString(8), size: fields(index)[6], device: fields(index).slice(9, 11) }))
  expect(named).toEqual([
    { name: 'bin', mode: '40755', size: 0, device: [0, 0] },
    { name: 'bin/x', mode: '100755', size: 5, device: [0, 0] },
    { name: 'c', mode: '20600', size: 0, device: [5, 1] },
    { name: 'TRAILER!!!', mode: '0', size: 0, device: [0, 0] },
  ])
  expect(text.slice((at[1] ?? 0) + 116, (at[1] ?? 0) + 121)).toBe('12345')
})

test('the first process loads the modules in their order, and bounds what it runs', () => {
  const script = initScript({ modules: [{ name: 'a', file: '/k/a.ko' }, { name: 'b', file: '/k/b.ko' }], mounts: { host: '-t a b', out: '-t c d' }, root: '/work copy', script: 'echo here', limitSeconds: 7 })
  expect(script.indexOf('insmod /modules/a.ko')).toBeLessThan(script.indexOf('insmod /modules/b.ko'))
  expect(script).toContain('cd "/work copy" && exec timeout -k 10 7 sh -e')
  expect(script).toContain('\necho here\n')
})
