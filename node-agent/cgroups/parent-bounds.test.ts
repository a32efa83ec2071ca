import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { boundPods } from './parent-bounds.ts'

let root: string
beforeAll(async () => void (root = await mkdtemp(join(tmpdir(), 'gantry-bounds-'))))
afterAll(() => rm(root, { recursive: true }))

const read = (...path: readonly string[]): Promise<string> => readFile(join(root, ...path), 'utf8')

test('version 1: memory and the share of processors, set and lifted again', async () => {
  expect(await boundPods(1, '/g/pods', { memoryBytes: undefined, cpuMillis: undefined, root })).toEqual([])
  await boundPods(1, '/g/pods', { memoryBytes: 1 << 30, cpuMillis: 1500, root })
  expect([await read('memory/g/pods/memory.limit_in_bytes'), await read('cpu/g/pods/cpu.shares')]).toEqual(['1073741824', '1536'])
  await boundPods(1, '/g/pods', { memoryBytes: undefined, cpuMillis: undefined, root })
  expect([await read('memory/g/pods/memory.limit_in_bytes'), await read('cpu/g/pods/cpu.shares')]).toEqual(['-1', '1024'])
})

test('version 2: the same', async () => {
  await mkdir(join(root, 'two'))
  await boundPods(2, '/two', { memoryBytes: 1 << 30, cpuMillis: 1000, root })
  expect([await read('two/memory.max'), await read('two/cpu.weight')]).toEqual(['1073741824', '39'])
  await boundPods(2, '/two', { memoryBytes: undefined, cpuMillis: undefined, root })
  expect([await read('two/memory.max'), await read('two/cpu.weight')]).toEqual(['max', '100'])
})
