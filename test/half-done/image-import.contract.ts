import { fork } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dockerArchive } from '../../deploy/images/make-busybox.ts'
import type { ImportAnswer, ImportOrder } from './real/import-main.ts'
import { crashPointsOf } from './real/life.ts'

/** An import of an image is killed at each of its calls; an image is then there as a whole or not at all, and a second import completes it. */

const folder = mkdtempSync(join(tmpdir(), 'gantry-half-done-images-'))
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
    const child = fork(program, [], { execPath: process.execPath, execArgv: ['--disable-warning=ExperimentalWarning'] })
    let answer: ImportAnswer | undefined
    child.once('message', (message: ImportAnswer) => (answer = message))
    child.once('exit', () => resolve(answer))
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

const isWhole = (root: string, answer: ImportAnswer | undefined): boolean => answer?.images.every(({ layers }) => layers.length === 1 && layers.every((layer) => tree(layer).length === 3 && layer.startsWith(root))) === true

test('an import that is killed at any of its calls', { timeout: 240_000 }, async () => {
  const first = join(folder, 'store-0')
  const truth = await run({ root: first, archive })
  expect(truth?.images).toMatchObject([{ tags: ['docker.io/library/small:1'] }])
  const expected = tree(first)
  const wrong: string[] = []
  let killed = 0
  for (const [at, death] of crashPointsOf(truth?.points ?? []).entries()) {
    const root = join(folder, `store-${at + 1}`)
    if ((await run({ root, archive, death })) === undefined) killed++
    const where = `killed ${death.side} ${death.label} (${death.nth + 1}.)`
    if (!isWhole(root, await run({ root }))) wrong.push(`${where}: half an image is there`)
    await run({ root, archive })
    const found = tree(root)
    if (found.join('\n') !== expected.join('\n')) wrong.push(`${where}: + ${found.filter((line) => !expected.includes(line)).join(', ')} - ${expected.filter((line) => !found.includes(line)).join(', ')}`)
    rmSync(root, { recursive: true, force: true })
  }
  expect(wrong).toEqual([])
  expect(killed).toBeGreaterThan(20)
})
