import { fork } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dockerArchive } from '../../deploy/images/make-busybox.ts'
import type { ImportAnswer, ImportOrder } from './real/import-main.ts'
import type { CrashPoint } from './real/crash-points.ts'
import { crashPointsOf } from './real/life.ts'

/** An import of an image, or its removal, is killed at each of its calls; an image is then there as a whole or not at all, and doing it again completes it. */

/** In memory where that is possible: each import waits until its whole file system is written out, which on a busy disk takes longer than all else. */
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'gantry-half-done-images-'))
const program = join(folder, 'import.mjs')
const archive = join(folder, 'small.tar')

beforeAll(async () => {
  await build({ entryPoints: [join(import.meta.dirname, 'real/import-main.ts')], outfile: program, bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'error' })
  symlinkSync(join(import.meta.dirname, '../../node_modules'), join(folder, 'node_modules'))
  writeFileSync(archive, dockerArchive('docker.io/library/small:1', [{ name: 'bin/', kind: 'folder', mode: 0o750 }, { name: 'bin/tool', mode: 0o755, content: 'tool' }, { name: 'bin/other', kind: 'hardlink', mode: 0o755, link: 'bin/tool' }]))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Undefined: it was killed. */
function run(order: ImportOrder): Promise<ImportAnswer | undefined> {
  return new Promise((resolve) => {
    const child = fork(program, [], { execPath: process.execPath, execArgv: ['--disable-warning=ExperimentalWarning'], env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') } })
    let answer: ImportAnswer | undefined
    child.once('message', (message: ImportAnswer) => (answer = message))
    // Not its exit: that may be seen before its answer is read, as of one that ends while another's end is looked at.
    child.once('close', () => resolve(answer))
    child.send(order)
  })
}

/** Every file with its mode, size and number of links. */
function tree(root: string, path = ''): readonly string[] {
  return readdirSync(join(root, path)).flatMap((name) => {
    const at = join(path, name)
    const about = statSync(join(root, at))
    return about.isDirectory() ? [`${at}/ ${about.mode.toString(8)}`, ...tree(root, at)] : [`${at} ${about.mode.toString(8)} ${about.size} ${about.nlink}`]
  })
}

const isWhole = (root: string, images: ImportAnswer['images'] | undefined): boolean => images?.every(({ layers, files }) => layers.length === 1 && layers.every((layer) => layer.startsWith(root)) && files[0] === 3) === true

interface Trial {
  readonly name: string
  readonly order: Omit<ImportOrder, 'root' | 'death'>
  /** What is there before. */
  readonly start?: string
  readonly kills: number
  /** Right after one call is right before the next, where one call follows the other. */
  readonly sides: ReadonlyArray<CrashPoint['side']>
}

/** Kills it at each of its calls; what is there is whole then, and doing all of it again ends as if nothing had happened. */
async function trial({ name, order, start, kills, sides }: Trial): Promise<void> {
  const begin = (at: number): string => {
    const root = join(folder, `${name}-${at}`)
    if (start !== undefined) cpSync(start, root, { recursive: true, preserveTimestamps: true })
    return root
  }
  const first = begin(0)
  const truth = await run({ root: first, ...order })
  const expected = tree(first)
  const wrong: string[] = []
  let killed = 0
  const waiting = crashPointsOf(truth?.points ?? []).filter(({ side }) => sides.includes(side)).map((death, at) => ({ death, root: begin(at + 1) }))
  const worker = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) await one(next)
  }
  const one = async ({ death, root }: { readonly death: CrashPoint; readonly root: string }): Promise<void> => {
    if ((await run({ root, ...order, death })) === undefined) killed++
    const where = `killed ${death.side} ${death.label} (${death.nth + 1}.)`
    const again = await run({ root, archive, ...order })
    if (!isWhole(root, again?.found)) wrong.push(`${where}: half an image is there`)
    const found = tree(root)
    if (found.join('\n') !== expected.join('\n')) wrong.push(`${where}: + ${found.filter((line) => !expected.includes(line)).join(', ')} - ${expected.filter((line) => !found.includes(line)).join(', ')}`)
    rmSync(root, { recursive: true, force: true })
  }
  await Promise.all([worker(), worker()])
  expect(wrong.join('\n')).toBe('')
  expect(killed).toBeGreaterThan(kills)
}

test('an import that is killed at any of its calls', { timeout: 600_000 }, async () => {
  await trial({ name: 'import', order: { archive }, kills: 20, sides: ['before', 'after'] })
  expect((await run({ root: join(folder, 'import-0') }))?.found).toMatchObject([{ tags: ['docker.io/library/small:1'] }])
})

test('a removal that is killed at any of its calls', { timeout: 600_000 }, async () => {
  const start = join(folder, 'start')
  await run({ root: start, archive })
  await trial({ name: 'removal', order: { remove: 'docker.io/library/small:1' }, start, kills: 10, sides: ['before'] })
  expect((await run({ root: join(folder, 'removal-0') }))?.found).toEqual([])
})
