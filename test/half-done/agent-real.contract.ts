import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { enumerate } from './real/enumerate.ts'
import { live, viewsDiffer, type Course, type Deaths } from './real/life.ts'
import { makeKit, type Kit } from './real/machine.ts'

/**
 * An agent over real parts (crun, conmon, overlayfs, namespaces, nftables, files) is killed by SIGKILL right before or after a call that changes the host,
 * once in every phase of a pod's life; what is found after each phase is what a life without deaths gives. A sample here, another each day; all of them
 * in the long tests.
 */
const folder = mkdtempSync(join(tmpdir(), 'gantry-half-done-'))
/** Of this run alone: its namespaces and control groups are nobody else's. */
const tag = `half-${randomUUID().slice(0, 6)}`
let kit: Kit
let truth: Course
beforeAll(async () => {
  kit = await makeKit(folder)
  truth = await live(`${tag}-0`, kit)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const POD = '0a0b0c0d000040008000000000000001'
const [FIRST, MAIN] = [`${POD}4881d841b2d69f07`, `${POD}ea90e2085259f342`]
const attempt = (container: string, count: number): string => container + String(count).padStart(16, '0')
const before = (label: string): NonNullable<Deaths['create']> => ({ label, nth: 0, side: 'before' })
const after = (label: string): NonNullable<Deaths['create']> => ({ label, nth: 0, side: 'after' })

/** What was found by such deaths. */
test.each<readonly [string, Deaths]>([
  ['a container whose start was not noted yet was made and run once more', { create: before(`file rename /run/bundles/${attempt(FIRST, 0)}/container.json.tmp`) }],
  ['a start that was noted is carried out', { create: after(`file rename /run/bundles/${attempt(FIRST, 0)}/container.json.tmp`), exit: before(`file unlink /run/oci/${attempt(MAIN, 1)}/exec.fifo`) }],
  ['the root folder of a container had the mode of no image', { exit: before(`file chown /snapshots/${attempt(MAIN, 1)}/upper`) }],
  ['control groups stayed of a container of which the rest was deleted', { exit: before(`file rmdir /run/bundles/${attempt(MAIN, 0)}`) }],
  ['a pod lost the address it had been given', { create: before('call umount2 /network/0a0b0c0d-0000-4000-8000-000000000001.netns') }],
  ['files of a pod that were being written stayed beside the whole ones', { create: before('file rename /pods/0a0b0c0d-0000-4000-8000-000000000001/hosts.tmp') }],
])('%s', { timeout: 240_000 }, async (_name, deaths) => {
  const course = await live(`${tag}-1`, kit, { deaths, truth })
  expect(course.spared).toEqual([])
  expect(viewsDiffer(truth, course)).toEqual([])
})

test('a sample of deaths', { timeout: 240_000 }, async () => {
  // `GANTRY_SAMPLE=3` tries another one.
  const sample = Number(process.env['GANTRY_SAMPLE'] ?? '0')
  const { differences } = await enumerate({ tag, kit, stride: 40, offset: sample * 7, lanes: 2 })
  expect(differences).toEqual([])
})
