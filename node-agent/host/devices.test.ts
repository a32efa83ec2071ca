import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hostDevices } from './devices.ts'

test('every device of the host is named by its numbers; what each container has of its own is left out', async () => {
  const devices = await hostDevices()
  expect(devices.find(({ path }) => path === '/dev/null')).toMatchObject({ kind: 'char', major: 1, minor: 3, mode: 0o666, uid: 0, gid: 0 })
  expect(devices.find(({ path }) => path === '/dev/full')).toMatchObject({ kind: 'char', major: 1, minor: 7 })
  expect(devices.filter(({ path }) => /^\/dev\/(pts|shm|fd|mqueue|console|ptmx|stdin|stdout)/.test(path))).toEqual([])
})

test('files, links and folders are no devices; a folder that is not there has none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-devices-'))
  try {
    await mkdir(join(folder, 'net'))
    await writeFile(join(folder, 'net/file'), '')
    await symlink('/dev/null', join(folder, 'link'))
    expect(await hostDevices(folder)).toEqual([])
    expect(await hostDevices(join(folder, 'nothing'))).toEqual([])
  } finally {
    await rm(folder, { recursive: true })
  }
})
