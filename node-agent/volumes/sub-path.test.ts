import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeSubPath } from './sub-path.ts'

let folder = ''
let volume = ''
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'gantry-sub-path-')))
  volume = join(folder, 'volume')
  mkdirSync(join(volume, 'real/deep'), { recursive: true })
  mkdirSync(join(folder, 'beside'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const refusal = (subPath: string, mustExist: boolean): Promise<unknown> => makeSubPath({ volume, subPath, mustExist }).then((path) => path, ({ code, message }: { readonly code?: string; readonly message: string }) => ({ code, message }))

describe.each([
  ['of an image', true],
  ['of a volume', false],
])('a sub path %s', (_, mustExist) => {
  test.each([
    ['the host', 'l/beside', 'l/nothing'],
    ['the host', 'l/beside/x', 'l/nothing/x'],
    ['..', 'l/beside', 'l/nothing'],
    ['real/../../..', 'l', 'l/nothing'],
  ])('by a link to %s is refused alike, whether the host has it or not', async (link, there, gone) => {
    symlinkSync(link === 'the host' ? folder : link, join(volume, 'l'))
    expect(await refusal(there, mustExist)).toMatchObject({ code: 'invalid' })
    expect(await refusal(gone, mustExist)).toMatchObject({ code: 'invalid' })
  })

  test('by a link to a file of the host is refused alike, whether it is there or not', async () => {
    const secret = join(folder, 'secret')
    symlinkSync(secret, join(volume, 'l'))
    const before = [await refusal('l', mustExist), await refusal('l/x', mustExist)]
    writeFileSync(secret, '')
    expect(before).toMatchObject([{ code: 'invalid' }, { code: 'invalid' }])
    if (mustExist) expect([await refusal('l', true), await refusal('l/x', true)]).toEqual(before)
    else expect([await refusal('l', false), await refusal('l/x', false)]).toMatchObject([{ code: 'invalid' }, { code: 'invalid' }])
  })

  test('by links in a circle is refused', async () => {
    symlinkSync('circle', join(volume, 'circle'))
    expect(await refusal('circle', mustExist)).toMatchObject({ code: 'invalid' })
  })

  test('follows links that stay inside', async () => {
    symlinkSync('real/./deep/..', join(volume, 'l'))
    symlinkSync('../l', join(volume, 'real/back'))
    expect(await refusal('real/back/deep/', mustExist)).toBe(join(volume, 'real/deep'))
  })
})

test('a sub path of an image is not there by what the image has alone', async () => {
  symlinkSync('nothing', join(volume, 'l'))
  expect(await refusal('l', true)).toMatchObject({ code: 'not-found' })
  expect(await refusal('real/nothing', true)).toMatchObject({ code: 'not-found' })
})
