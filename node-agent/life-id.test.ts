import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lifeIdOf } from './life-id.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-life-id-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('agents of one boot with one folder are one life; another boot or another folder is another', async () => {
  const first = await lifeIdOf('boot-1', join(folder, 'a'))
  expect(first).toMatch(/^boot-1\/[0-9a-f]{8}$/)
  expect(await lifeIdOf('boot-1', join(folder, 'a'))).toBe(first)
  expect(await lifeIdOf('boot-1', join(folder, 'b'))).not.toBe(first)
  const second = await lifeIdOf('boot-2', join(folder, 'a'))
  expect(second).toMatch(/^boot-2\//)
  expect(await lifeIdOf('boot-2', join(folder, 'a'))).toBe(second)
  expect(await lifeIdOf('boot-1', join(folder, 'a'))).not.toBe(first)
})

test('half a file is none', async () => {
  const first = await lifeIdOf('boot-1', join(folder, 'c'))
  await writeFile(join(folder, 'c/life'), first.slice(0, -2))
  const second = await lifeIdOf('boot-1', join(folder, 'c'))
  expect(second).toMatch(/^boot-1\/[0-9a-f]{8}$/)
})
