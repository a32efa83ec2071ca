import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { SpecialFiles } from '../host/files-special.ts'
import { packChanges } from './pack-changes.ts'
import { readTar } from './tar-reader.ts'

/** A container that exchanges files in the moment between look and use. */

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-pack-'))
  await mkdir(join(folder, 'upper/dir'), { recursive: true })
  await mkdir(join(folder, 'host'))
  await writeFile(join(folder, 'upper/dir/inside'), 'of the container')
  await writeFile(join(folder, 'upper/file'), 'of the container')
  await writeFile(join(folder, 'host/inside'), 'secret of the host')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const upper = (path: string): string => join(folder, 'upper', path)

/** Attributes are asked for after the look, and before the use. */
function meddling(name: string, meddle: () => Promise<void>): SpecialFiles {
  const unused = (): never => {
    throw new Error('not used')
  }
  let isDone = false
  return {
    makeNode: unused,
    setAttribute: unused,
    flush: unused,
    async attributes(path) {
      if (basename(path) === name && !isDone) {
        isDone = true
        await meddle()
      }
      return new Map()
    },
  }
}

async function packed(special: SpecialFiles): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {}
  for await (const { entry, body } of readTar(packChanges(join(folder, 'upper'), { special, mountPoints: [] }))) {
    const parts: Buffer[] = []
    for await (const part of body()) parts.push(part)
    found[entry.name] = Buffer.concat(parts).toString()
  }
  return found
}

const ALL = { 'dir/': '', 'dir/inside': 'of the container', file: 'of the container' }

test('packs what is there', async () => {
  expect(await packed(meddling('', async () => {}))).toEqual(ALL)
})

test('a file exchanged for a link to one of the host', async () => {
  const special = meddling('file', async () => {
    await rm(upper('file'))
    await symlink(join(folder, 'host/inside'), upper('file'))
  })
  expect(await packed(special)).toEqual(ALL)
})

test('a folder exchanged for a link to one of the host', async () => {
  const special = meddling('dir', async () => {
    await rename(upper('dir'), upper('zzz'))
    await symlink(join(folder, 'host'), upper('dir'))
  })
  expect(await packed(special)).toEqual(ALL)
})

test('a parent exchanged for a link to a folder of the host', async () => {
  const special = meddling('inside', async () => {
    await rename(upper('dir'), upper('zzz'))
    await symlink(join(folder, 'host'), upper('dir'))
  })
  expect(await packed(special)).toEqual(ALL)
})

test('a file exchanged for a pipe is not waited at', async () => {
  const special = meddling('file', async () => {
    await rm(upper('file'))
    execFileSync('mkfifo', [upper('file')])
  })
  expect(await packed(special)).toEqual(ALL)
})

test('one that is gone when its turn comes is left out', async () => {
  const { file: _, ...others } = ALL
  expect(await packed(meddling('inside', () => rm(upper('file'))))).toEqual(others)
})

test('a name that is no text is told, and not passed over', async () => {
  await writeFile(Buffer.concat([Buffer.from(upper('x')), Buffer.from([0xff])]), '')
  await expect(packed(meddling('', async () => {}))).rejects.toMatchObject({ code: 'unsupported' })
})
