import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemSpecialFiles } from '../host/files-special.ts'
import { readTar } from './tar-reader.ts'
import { type TarInput, writeTar } from './tar-writer.ts'
import { FileWrites } from './unpack-files.ts'
import { unpackLayer } from './unpack-layer.ts'

const own = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
const isRoot = own.uid === 0

let target = ''
beforeEach(() => {
  target = mkdtempSync(join(tmpdir(), 'gantry-unpack-'))
})
afterEach(() => rmSync(target, { recursive: true, force: true }))

const file = (name: string, text: string, more: Partial<TarInput> = {}): TarInput => ({ name, mode: 0o644, ...own, content: Buffer.from(text), ...more })
const folder = (name: string, more: Partial<TarInput> = {}): TarInput => ({ name, kind: 'folder', mode: 0o755, ...own, ...more })

async function* cut(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 700) yield bytes.subarray(at, at + 700)
}

const unpack = (entries: readonly TarInput[]): Promise<unknown> => unpackLayer(cut(writeTar(entries)), { target, parents: async () => [], special: systemSpecialFiles() })
const read = (name: string): string => readFileSync(join(target, name), 'utf8')
const about = (name: string): { readonly mode: string; readonly uid: number; readonly gid: number } => {
  const { mode, uid, gid } = lstatSync(join(target, name))
  return { mode: (mode & 0o7777).toString(8), uid, gid }
}

test('many small files, and large ones between, are what the archive says', async () => {
  const names = Array.from({ length: 200 }, (_, index) => `d${index % 7}/f${index}`)
  const text = (name: string): string => name.repeat(name.endsWith('99') ? 60_000 : 3)
  await unpack([...names.map((name) => file(name, text(name))), file('last', 'end')])
  for (const name of names) expect(read(name)).toBe(text(name))
  expect(read('last')).toBe('end')
})

test('each has its own mode, whatever the process would give it', async () => {
  const modes = [0o000, 0o600, 0o644, 0o666, 0o777, 0o2755, 0o4711, 0o1777]
  await unpack(modes.flatMap((mode) => [file(`f${mode}`, 'x', { mode }), folder(`d${mode}`, { mode })]))
  expect(modes.map((mode) => [about(`f${mode}`).mode, about(`d${mode}`).mode])).toEqual(modes.map((mode) => [mode.toString(8), mode.toString(8)]))
})

describe('a later entry takes the place of an earlier one that is just being written', () => {
  test('a file that of a file', async () => {
    await unpack(Array.from({ length: 50 }, (_, index) => file('same', `text ${index}`)))
    expect(read('same')).toBe('text 49')
  })

  test('a folder that of a file, a file that of a folder with files in it', async () => {
    await unpack([file('a', '1'), folder('a'), file('a/b', '2'), folder('c'), file('c/d', '3'), file('c', '4')])
    expect([read('a/b'), read('c')]).toEqual(['2', '4'])
  })

  test('a symlink that of a folder: what follows is not written through it', async () => {
    const outside = mkdtempSync(join(tmpdir(), 'gantry-outside-'))
    await unpack([folder('a'), file('a/b', '1'), { ...file('a', ''), kind: 'symlink', link: outside }, file('a/c', '2')]).catch(() => {})
    expect(() => readFileSync(join(outside, 'c'))).toThrow('ENOENT')
    rmSync(outside, { recursive: true })
  })
})

test('a hard link finds the file before it whole', async () => {
  await unpack([file('a', 'x'.repeat(50_000)), { ...file('b', ''), kind: 'hardlink', link: 'a' }, file('c', '1')])
  expect([read('b').length, lstatSync(join(target, 'a')).nlink]).toEqual([50_000, 2])
})

test('a whiteout after a file of its name takes it away', async () => {
  const isDone = await unpack([file('a', '1'), file('.wh.a', '')]).then(() => true, () => false)
  // Who is not root can make no such device; the file is gone all the same.
  expect(isDone && lstatSync(join(target, 'a')).isCharacterDevice()).toBe(isRoot)
})

test.runIf(isRoot)('owners are those of the archive, in folders too that give their group away', async () => {
  await unpack([folder('g', { mode: 0o2775, gid: 50 }), file('g/a', '1'), folder('g/d'), file('g/d/b', '2'), file('u', '3', { uid: 1234, gid: 4321 }), folder('g', { mode: 0o755 }), file('g/c', '4')])
  expect(['g/a', 'g/d/b', 'u', 'g/c'].map((name) => [about(name).uid, about(name).gid])).toEqual([[0, 0], [0, 0], [1234, 4321], [0, 0]])
})

test('what goes wrong beside others is told, once all have ended', async () => {
  const writes = new FileWrites()
  let ended = 0
  await writes.begin(() => new Promise((resolve) => setImmediate(() => resolve(void ended++))))
  await writes.begin(() => Promise.reject(new Error('no space left')))
  await expect(writes.all()).rejects.toThrow('no space left')
  expect(ended).toBe(1)
  await expect(writes.begin(() => Promise.resolve())).rejects.toThrow('no space left')
})

test('a file that is not written any more, because another could not be, is closed', async () => {
  const writes = new FileWrites()
  await writes.begin(() => Promise.reject(new Error('no space left')))
  await writes.settled()
  const path = join(target, 'next')
  await writes.open(path, 0o644)
  for await (const item of readTar(cut(writeTar([file('next', 'text')])))) {
    await expect(writes.write(item, { setsOwner: false, attributes: async () => {} })).rejects.toThrow('no space left')
  }
  expect(openFiles()).not.toContain(path)
})

const openFiles = (): readonly string[] =>
  readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
