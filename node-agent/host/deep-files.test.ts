import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { diskUse } from './disk-use.ts'
import { exists, removeTree } from './files.ts'

/** Writes as a container does: from where it is, so that no path is ever too long for it. */
const DEEP = `
const { chdir } = require('node:process')
const { mkdirSync, writeFileSync } = require('node:fs')
const [folder, depth] = process.argv.slice(1)
chdir(folder)
for (let left = Number(depth); left > 0; left--) {
  const name = 'd'.repeat(250)
  mkdirSync(name)
  writeFileSync('beside', '')
  chdir(name)
}
writeFileSync('file', Buffer.alloc(256 * 1024, 1))
writeFileSync(Buffer.from([0x66, 0xff, 0xfe]), '')
`

let folder: string
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'gantry-deep-'))))
// By a program that needs no paths: what is judged here may be what fails.
afterAll(() => void execFileSync('rm', ['-rf', folder]))

test.each([3, 18, 60])('files that lie %i long names deep are counted, and go', async (depth) => {
  const at = join(folder, String(depth))
  await mkdir(at)
  execFileSync(process.execPath, ['-e', DEEP, at, String(depth)])
  const { bytes, inodes } = await diskUse(at)
  expect(inodes).toBe(1 + 2 * depth + 2)
  expect(bytes).toBeGreaterThanOrEqual(256 * 1024)
  await removeTree(at)
  expect(await exists(at)).toBe(false)
})

test('what nobody could count any more ends the count, not the walk; it goes all the same', async () => {
  const at = join(folder, 'deepest')
  await mkdir(at)
  execFileSync(process.execPath, ['-e', DEEP, at, '1200'])
  await writeFile(join(at, 'file'), Buffer.alloc(128 * 1024, 1))
  const { bytes, inodes } = await diskUse(at)
  expect(inodes).toBeGreaterThan(1000)
  expect(bytes).toBeGreaterThanOrEqual(128 * 1024)
  await removeTree(at)
  expect(await exists(at)).toBe(false)
})
