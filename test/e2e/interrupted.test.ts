/** Commands are killed while they are at it, and what they left is finished by the same command, or removed by the one that undoes it. All points: `interrupted.long.ts`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { makeBusyboxImages } from '../../deploy/images/make-busybox.ts'
import * as lab from '../../deploy/lab/lab.ts'
import { gantry, killedAt, pointsOf } from './interrupted/command.ts'
import { deathsAt, type Death } from './interrupted/deaths.ts'
import { downDies, must, mustDie, takeDown, trial, upDeaths, upDies, upOf } from './interrupted/lab-trials.ts'
import { twoAtOnce, verbDies } from './interrupted/power-trials.ts'
import { applyDies, deleteDies, NAMESPACE, restartDies, saidTo, scaleDies, writeDocuments } from './interrupted/write-trials.ts'
import { testLab } from './harness.ts'
import { afterFailure } from './lab-of-tests.ts'

const NAME = 'e2e-interrupted'

afterFailure(() => lab.down(NAME, { keep: false }))
afterAll(() => lab.down(NAME, { keep: false }).then(() => {}))

const at = (label: string, side: Death['side'], more: Partial<Death> = {}): Death => ({ label, nth: 0, side, who: 'alone', ...more })
const state = `/var/lib/gantry/labs/${NAME}`

/** The last of those that there are. @throws where there is none: a point that is gone proves nothing */
function lastOf(deaths: readonly Death[], words: RegExp, wanted: Partial<Death>): Death {
  const found = deaths.findLast((death) => words.test(death.label) && Object.entries(wanted).every(([name, value]) => death[name as keyof Death] === value))
  if (!found) throw new Error(`no such point: ${words.source}`)
  return found
}

test('the making of a lab is killed', async () => {
  const deaths = await upDeaths(NAME)
  await takeDown(NAME)
  const unpinned = lastOf(deaths, /^start unshare/, { side: 'after', who: 'group', delayMs: 2 })
  const unsupervised = lastOf(deaths, /^start setsid/, { side: 'after', who: 'alone', delayMs: 0 })
  const wrong = [
    await trial('number taken', () => upDies(NAME, at(`mkdir ${state}`, 'before'), { next: 'down' })),
    await trial('no lab.json yet', () => upDies(NAME, at(`writeFile ${state}/lab.json.new`, 'half'), { next: 'down' })),
    await trial('half a token', () => upDies(NAME, at(`writeFile ${state}/pki/join-token.new`, 'half'), { next: 'up' })),
    await trial('a namespace without its inside', () => upDies(NAME, unpinned, { next: 'up' })),
    await trial('a supervisor on its way', () => upDies(NAME, unsupervised, { next: 'up' })),
  ]
  expect(wrong.filter((one) => one !== undefined)).toEqual([])
})

test('the removal of a lab is killed', async () => {
  const frozen = at(`writeFile cgroup/gantry/${NAME}/freezer.state`, 'after', { nth: 1 })
  const wrong = [
    await trial('all frozen, then down', () => downDies(NAME, frozen, 'down')),
    await trial('all frozen, then up', () => downDies(NAME, frozen, 'up')),
    await trial('half the data', () => downDies(NAME, at(`rm /var/lib/gantry/labs/.${NAME}.gone`, 'half', { nth: 1 }), 'up')),
    await trial('number not given back', () => downDies(NAME, at('rm /var/lib/gantry/numbers/N', 'before'), 'down')),
  ]
  expect(wrong.filter((one) => one !== undefined)).toEqual([])
})

test('power is cut, given back and cables are pulled by commands that are killed; two make one lab', async () => {
  expect(await twoAtOnce(NAME)).toEqual(['everything was running', 'started etcd, control-plane and n1'])
  const order = at(`order /run/gantry/labs/${NAME}/services/n1/supervise/control`, 'after')
  const frozen = at(`writeFile cgroup/gantry/${NAME}/n1/freezer.state`, 'after')
  const wrong = [
    await trial('kill: ordered', () => verbDies(NAME, { verb: 'kill', death: order, next: 'up' })),
    await trial('kill: frozen', () => verbDies(NAME, { verb: 'kill', death: frozen, next: 'up' })),
    await trial('kill: one is dead', () => verbDies(NAME, { verb: 'kill', death: at('kill SIGKILL', 'after'), next: 'again' })),
    await trial('start: half a boot id', () => verbDies(NAME, { verb: 'start', death: at(`writeFile /run/gantry/labs/${NAME}/n1/boot-id`, 'half'), next: 'again' })),
  ]
  expect(wrong.filter((one) => one !== undefined)).toEqual([])
  await takeDown(NAME)
})

test('three control planes come up after their making was killed', async () => {
  await mustDie(upOf(NAME, 3), at(`writeFile /run/gantry/labs/${NAME}/services/cp2/control-plane/run`, 'half'))
  await must(upOf(NAME, 3))
  expect((await lab.status(NAME)).members.filter(({ state: now }) => now !== 'running')).toEqual([])
  await takeDown(NAME)
})

test('sixty documents are applied, scaled, restarted and deleted by commands that are killed', async () => {
  await using cluster = await testLab(NAME, { nodes: 0 })
  const folder = mkdtempSync(join(tmpdir(), 'gantry-interrupted-'))
  const said = saidTo(cluster, folder)
  const file = writeDocuments(folder)
  await cluster.send('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } })
  await applyDies(cluster, { said, file, atLine: 20 })
  await scaleDies(cluster, { said, replicas: 2, atLine: 2 })
  await restartDies(cluster, { said, atLine: 3 })
  await deleteDies(cluster, { said, file, atLine: 25 })
  rmSync(folder, { recursive: true, force: true })
})

test('an import that is killed is done by the next one, once', async () => {
  await using _ = await testLab(NAME, { nodes: 0 })
  const folder = mkdtempSync(join(tmpdir(), 'gantry-interrupted-'))
  const [archive = ''] = makeBusyboxImages(folder)
  const words = ['image', 'import', archive]
  const tags = async (): Promise<readonly string[]> => (await lab.listImages()).flatMap((image) => image.tags).toSorted()
  const before = await tags()
  const deaths = deathsAt((await pointsOf(words)).points)
  const middle = deaths[Math.floor(deaths.length / 2)]
  expect(middle && (await killedAt(words, middle))).toBe('killed')
  expect((await gantry(words)).exitCode).toBe(0)
  expect(await tags()).toEqual(before)
  rmSync(folder, { recursive: true, force: true })
})
