import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { clearSecrets, secretFile, withSecrets } from './secrets.ts'

const folder = mkdtempSync(join(tmpdir(), 'gantry-secrets-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const { uid, gid } = statSync(folder)
const secret = (id: string, text: string, mode = 0o400): ReturnType<typeof secretFile> => secretFile(join(folder, 'all', 'one'), { id, bytes: Buffer.from(text), mode, uid, gid })

test('each secret is a file of its own, however long its id, for as long as the work takes', async () => {
  const long = 'x'.repeat(300)
  const files = [secret(`${long}1`, 'one'), secret(`${long}2`, 'two'), secret('id', 'three'), secret('id', 'three', 0o444), secret('id', 'three')]
  const failing = withSecrets(files, async () => {
    expect(files.map(({ path }) => `${readFileSync(path, 'utf8')} ${(statSync(path).mode & 0o777).toString(8)}`)).toEqual(['one 400', 'two 400', 'three 400', 'three 444', 'three 400'])
    expect(readdirSync(join(folder, 'all/one'))).toHaveLength(4)
    expect(statSync(join(folder, 'all')).mode & 0o777).toBe(0o700)
    throw new Error('the step failed')
  })
  await expect(failing).rejects.toThrow('the step failed')
  expect(readdirSync(join(folder, 'all/one'))).toEqual([])
})

test('what a build left that was killed is cleared away', async () => {
  await withSecrets([secret('id', 'text')], async () => {
    await clearSecrets(join(folder, 'all'))
    expect(existsSync(join(folder, 'all'))).toBe(false)
  })
  await clearSecrets(join(folder, 'all'))
})
