import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ParentProtection, withdrawProtection } from './protection.ts'

let root: string
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'gantry-protection-'))))
afterEach(() => rm(root, { recursive: true }))

const told = async (path: string): Promise<readonly number[]> => Promise.all(['memory.min', 'memory.low'].map(async (file) => Number(await readFile(join(root, path, file), 'utf8'))))

async function group(path: string, [min, low]: readonly [number, number]): Promise<void> {
  await mkdir(join(root, path), { recursive: true })
  await writeFile(join(root, path, 'memory.min'), String(min))
  await writeFile(join(root, path, 'memory.low'), String(low))
}

test('the groups above pods are told the sums of what these have, also of those that were there before, and of what is beside them', async () => {
  await group('g/n1/pods/podold', [10, 1])
  await group('g/n1/pods/other', [1000, 1000])
  await group('g/n2', [7, 70])
  const protection = await ParentProtection.open(root, '/g/n1/pods')
  await Promise.all([protection.changed('/g/n1/pods/poda', { memoryMinBytes: 100 }), protection.changed('/g/n1/pods/podb', { memoryLowBytes: 20 }), protection.changed('/g/n1/pods/podb/container', { memoryMinBytes: 5 })])
  expect([await told('g/n1/pods'), await told('g/n1'), await told('g')]).toEqual([[110, 21], [110, 21], [117, 91]])
  await protection.changed('/g/n1/pods/poda', { memoryMinBytes: 50 })
  await protection.removed('/g/n1/pods/podold')
  expect([await told('g/n1/pods'), await told('g')]).toEqual([[50, 20], [57, 90]])
  await withdrawProtection(root, '/g/n1/pods')
  expect(await told('g/n1/pods')).toEqual([0, 0])
})

test('what has nothing for itself changes nothing', async () => {
  await mkdir(join(root, 'g/pods'), { recursive: true })
  const protection = await ParentProtection.open(root, '/g/pods')
  await protection.changed('/g/pods/poda', {})
  await protection.removed('/g/pods/poda')
  await expect(told('g/pods')).rejects.toThrow('ENOENT')
  await withdrawProtection(root, '/nowhere')
})
