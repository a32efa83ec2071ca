import { mkdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { podWith, testSources } from '../../node-agent/volumes/contract.ts'
import { bindSubPath, makeSubPath } from '../../node-agent/volumes/volumes.ts'
import { openPlace, ownerAndMode, ready, type Place } from './volume-place.ts'

const uid = podWith([]).metadata.uid ?? ''

describe('sub paths', () => {
  const volumeOf = async (place: Place): Promise<string> => await ready(place.volumes, podWith([{ name: 'd', emptyDir: {} }], { securityContext: { fsGroup: 2000 } }))

  it('are made with the mode of their volume', async () => {
    await using place = await openPlace()
    const volume = await volumeOf(place)
    expect(await makeSubPath({ volume, subPath: 'in/side' })).toBe(join(volume, 'in/side'))
    expect(await ownerAndMode(join(volume, 'in'))).toBe('2777 0:2000')
    expect(await makeSubPath({ volume, subPath: 'in/side/' })).toBe(join(volume, 'in/side'))
  })

  it('follow links that stay inside, and are bound to what they were', async () => {
    await using place = await openPlace()
    const sources = testSources()
    sources.configMaps.set('ns/cm', { metadata: { name: 'cm' }, data: { k: 'old' } })
    const pod = podWith([{ name: 'd', configMap: { name: 'cm' } }])
    const volume = await ready(place.volumes, pod, sources)
    const target = join(place.volumes.podFolder(uid), 'volume-subpaths/d/c/0')
    expect(await bindSubPath(place.mounts, { volume, subPath: 'k', target })).toBe(target)
    sources.configMaps.set('ns/cm', { metadata: { name: 'cm' }, data: { k: 'new' } })
    await ready(place.volumes, pod, sources)
    expect(await readFile(target, 'utf8')).toBe('old')
    await bindSubPath(place.mounts, { volume, subPath: 'k', target })
    expect(await readFile(target, 'utf8')).toBe('new')
    expect((await place.mounts.list()).filter((point) => point.target === target)).toHaveLength(1)
  })

  it.each([
    ['..', undefined],
    ['/etc', undefined],
    ['a/../../x', undefined],
    ['link', '/etc'],
    ['link/passwd', '/etc'],
    ['link/new', '../../..'],
  ])('refuse %s with a link to %s', async (subPath, link) => {
    await using place = await openPlace()
    const volume = await volumeOf(place)
    if (link !== undefined) await symlink(link, join(volume, 'link'))
    await expect(makeSubPath({ volume, subPath })).rejects.toMatchObject({ code: 'invalid' })
  })

  it('never lead out while somebody swaps a folder for a link', async () => {
    await using place = await openPlace()
    const volume = await volumeOf(place)
    await mkdir(join(volume, 'a'))
    await symlink('/etc', join(volume, 'b'))
    /** The sub path is made wherever it is missing: then it is in the way, and swept away. */
    const move = async (from: string, to: string): Promise<void> => {
      for (let tries = 0; tries < 100; tries++) {
        try {
          return await rename(join(volume, from), join(volume, to))
        } catch {
          await rm(join(volume, to), { recursive: true, force: true })
        }
      }
    }
    const running = (async () => {
      for (let turn = 0; turn < 300; turn++) {
        await move('a', 't')
        await move('b', 'a')
        await move('a', 'b')
        await move('t', 'a')
      }
    })()
    let refused = 0
    for (let turn = 0; turn < 300; turn++) {
      try {
        const path = await makeSubPath({ volume, subPath: 'a' })
        expect(path.startsWith(volume), path).toBe(true)
      } catch {
        refused++
      }
    }
    await running
    expect(refused).toBeLessThan(300)
  })
})
