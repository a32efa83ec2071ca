import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { forgetLab, labNames, listSpecs, readSpec, releaseNumbers, removeState, reserveNumber, writeSpec } from './spec.ts'

const folder = mkdtempSync(join(tmpdir(), 'gantry-spec-'))
const roots = { state: folder, run: folder }
const present = { name: 'present', number: 150, nodes: 1, controlPlanes: 1 }

afterAll(() => rmSync(folder, { recursive: true }))

test('a number that was taken by who never got further is found by the name of its lab, and given back', async () => {
  const number = await reserveNumber('early', roots)
  expect(await reserveNumber('other', roots)).not.toBe(number)
  expect(await labNames(roots)).toEqual(['early', 'other'])
  expect([await forgetLab('early', roots), await forgetLab('early', roots)]).toEqual([true, false])
  expect(await reserveNumber('later', roots)).toBe(number)
  for (const name of ['other', 'later']) await forgetLab(name, roots)
  expect(await releaseNumbers(roots)).toBe(true)
})

test('half a removal is no lab, and is finished', async () => {
  await writeSpec(present, roots)
  await mkdir(join(folder, 'labs/.absent.gone'))
  await writeFile(join(folder, 'labs/.absent.gone/lab.json'), JSON.stringify({ ...present, name: 'absent' }))
  await mkdir(join(folder, 'labs/absent'))
  expect(await listSpecs(roots)).toEqual([present])
  expect(await labNames(roots)).toEqual(['absent', 'present'])
  expect(await forgetLab('absent', roots)).toBe(true)
  expect(await readdir(join(folder, 'labs'))).toEqual(['present'])
  expect(await readSpec('present', roots)).toEqual(present)
})

test('the data of labs on a disk of its own: the disk is empty afterwards, and still there', async ({ skip }) => {
  const state = join(folder, 'disk')
  await mkdir(state)
  if (spawnSync('mount', ['-t', 'tmpfs', 'gantry-spec', state]).status !== 0) skip('nothing can be mounted here')
  try {
    await mkdir(join(state, 'labs/one'), { recursive: true })
    await removeState({ ...roots, state })
    expect(await readdir(state)).toEqual([])
  } finally {
    spawnSync('umount', [state])
  }
  await removeState({ ...roots, state })
  expect(existsSync(state)).toBe(false)
})
