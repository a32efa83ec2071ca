import { mkdirSync, mkdtempSync, rmSync, statSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { digestOf } from './digest.ts'
import { ImageRecords } from './records.ts'

test('a name that comes in the same tick of the clock as the one before is seen; later on names are read once', async () => {
  const root = mkdtempSync(join(tmpdir(), 'gantry-records-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  const [folder, staging] = [join(root, 'names'), join(root, 'staging')]
  mkdirSync(staging)
  let nowMs = 0
  const records = new ImageRecords(root, { nowMs: () => nowMs })
  await records.open()
  /** As on a kernel whose times are those of its ticks. */
  const put = async (name: string, second: number): Promise<void> => {
    await records.writeName({ name, id: digestOf(name) }, staging)
    utimesSync(folder, second, second)
  }
  const names = async (): Promise<readonly string[]> => (await records.listNames()).map(({ name }) => name).toSorted()
  nowMs = 1_000_003
  await put('a:1', 1_000)
  expect(await names()).toEqual(['a:1'])
  await put('b:1', 1_000)
  expect(await names()).toEqual(['a:1', 'b:1'])
  nowMs = 1_010_000
  expect(await names()).toEqual(['a:1', 'b:1'])
  const known = await records.listNames()
  expect(await records.listNames()).toBe(known)
  await put('c:1', 1_010)
  expect(statSync(folder).mtimeMs).toBe(1_010_000)
  expect(await names()).toEqual(['a:1', 'b:1', 'c:1'])
})
