import { existsSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { type Clock, systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import type { BuildStore, BuiltLayer } from './build-store.ts'
import { digestOf } from './digest.ts'
import type { DiskImages } from './disk-images.ts'
import { createImageStore } from './images.ts'
import { Leases } from './leases.ts'
import { writeTar } from './tar-writer.ts'

let root = ''
/** Two agents of one host. */
let mine: DiskImages
let other: DiskImages
const clock: Clock = { ...systemClock, nowMs: () => 1_700_000_000_000 }

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'gantry-build-cache-'))
  mine = await createImageStore({ root, log: silentLog, clock })
  other = await createImageStore({ root, log: silentLog, clock })
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(root, { recursive: true, force: true })
})

describe('the folder of a cache mount', () => {
  async function mounted(build: BuildStore): Promise<string> {
    const folder = await build.cacheMount('npm')
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'kept'), 'x'.repeat(10_000))
    return folder
  }
  const about = { id: expect.stringMatching(/^cache mount [0-9a-f]{32}$/) as string, usedMs: clock.nowMs(), pinned: false }

  test('stays while a build of any agent has it, whoever clears away', async () => {
    const build = await mine.build()
    const folder = await mounted(build)
    const stored = await other.stored()
    expect(stored).toMatchObject([{ ...about, isUsed: true }])
    await other.forgetBuilds('all')
    expect(await other.discardAll(stored.map(({ id }) => id))).toBe(0)
    expect(readdirSync(folder)).toEqual(['kept'])
    await build[Symbol.asyncDispose]()
    expect(await other.stored()).toMatchObject([{ ...about, isUsed: false }])
  })

  test.each([
    ['collected', async () => await other.discardAll((await other.stored()).map(({ id }) => id))],
    ['cleared away with all that builds keep', () => other.forgetBuilds('all')],
  ])('may be %s when no build has it', async (_, clear) => {
    const build = await mine.build()
    const folder = await mounted(build)
    await build[Symbol.asyncDispose]()
    expect(await clear()).toBeGreaterThan(10_000)
    expect(existsSync(folder)).toBe(false)
    expect(await other.stored()).toEqual([])
    expect([readdirSync(join(root, 'build-cache/mounts')), readdirSync(join(root, 'staging'))]).toEqual([[], []])
  })

  test('does not leave while it is about to be used: who takes it away asks first', async () => {
    const build = await mine.build()
    const folder = await mounted(build)
    await build[Symbol.asyncDispose]()
    const again = await mine.build()
    const [held] = await Promise.all([again.cacheMount('npm'), other.forgetBuilds('all')])
    expect(held).toBe(folder)
    // Gone before or kept: from here on it is whole.
    await mkdir(held, { recursive: true })
    await other.forgetBuilds('all')
    expect(existsSync(held)).toBe(true)
    await again[Symbol.asyncDispose]()
  })
})

describe('results of steps', () => {
  async function steps(build: BuildStore, count: number): Promise<readonly BuiltLayer[]> {
    const layers: BuiltLayer[] = []
    for (let at = 0; at < count; at++) {
      const layer = await build.addLayer([], (async function* () { yield writeTar([{ name: `f${at}`, content: 'x'.repeat(5000) }]) })())
      if (layer === undefined) throw new Error('a layer with a file is one')
      await build.remember(digestOf(`step ${at}`), { layer, created: '2026-01-01T00:00:00Z' })
      layers.push(layer)
    }
    return layers
  }

  test('go together in one sweep, but for layers that an image has: those are known to free nothing', async () => {
    const build = await mine.build()
    const layers = await steps(build, 8)
    await build.remember(digestOf('changed no file'), { created: '2026-01-01T00:00:00Z' })
    const image = await build.finish({ architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: layers.slice(0, 1).map(({ diffId }) => diffId) } }, layers.slice(0, 1), ['built:1'])
    const free = async (): Promise<readonly string[]> => (await other.stored()).flatMap(({ id, freesBytes = 0 }) => (freesBytes > 0 ? [id] : []))
    expect(await free(), 'all is held by the build').toEqual([])
    await build[Symbol.asyncDispose]()
    const going = await free()
    expect(going.toSorted()).toEqual(layers.slice(1).map((_, at) => digestOf(`step ${at + 1}`)).toSorted())
    const sweeps = vi.spyOn(Leases.prototype, 'whileNobodyTakes')
    expect(await other.discardAll(going)).toBeGreaterThan(7 * 5000)
    expect(sweeps).toHaveBeenCalledTimes(1)
    expect(readdirSync(join(root, 'layers'))).toEqual(image.layers.map((path) => basename(path)))
    expect((await mine.stored()).map(({ id }) => id).toSorted()).toEqual([image.id, digestOf('step 0'), digestOf('changed no file')].toSorted())
    expect((await mine.shelf.check([], { repair: false })).damage).toEqual([])
  })

  test('what is not there is no reason to sweep', async () => {
    const sweeps = vi.spyOn(Leases.prototype, 'whileNobodyTakes')
    expect(await mine.discardAll([digestOf('never done'), 'nobody:1'])).toBe(0)
    expect(sweeps).not.toHaveBeenCalled()
  })
})
