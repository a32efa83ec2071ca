/** Version 2's tree (a hybrid host has it beside the others) where it does not begin at the host's root, as in a container. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { openCgroups } from '../../node-agent/cgroups/cgroups.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { removeGroup } from './control-groups.ts'

const TREE = ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((folder) => existsSync(join(folder, 'cgroup.controllers'))) ?? ''
const wordsOf = (folder: string, file: string): readonly string[] => readFileSync(join(folder, file), 'utf8').split(/\s+/).filter((word) => word !== '')
/** Those that a group with processes cannot hand down: others (`cpu`, `pids`) know threads. */
const OF_DOMAINS = ['memory', 'io', 'hugetlb']
const offered = TREE === '' ? [] : wordsOf(TREE, 'cgroup.controllers').filter((name) => OF_DOMAINS.includes(name))

const processes: ChildProcess[] = []
const roots: string[] = []
afterAll(async () => {
  for (const one of processes) one.kill('SIGKILL')
  for (const root of roots) for (const name of ['init', 'pods', '']) await removeGroup(join(basename(root), name))
})

/** The tree hands a controller down, so that there is one to be had below it; what it did before it does afterwards. */
function withController(): Disposable {
  const added = offered.some((name) => wordsOf(TREE, 'cgroup.subtree_control').includes(name)) ? [] : offered.slice(0, 1)
  const set = (sign: '+' | '-'): void => added.forEach((name) => writeFileSync(join(TREE, 'cgroup.subtree_control'), `${sign}${name}`))
  set('+')
  return { [Symbol.dispose]: () => set('-') }
}

test.skipIf(offered.length === 0)('processes that are where the tree begins make room for pods', async () => {
  using _ = withController()
  const root = mkdtempSync(join(TREE, 'gantry-test-root-'))
  roots.push(root)
  const pids = [1, 2].map(() => {
    const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
    processes.push(child)
    writeFileSync(join(root, 'cgroup.procs'), String(child.pid))
    return String(child.pid)
  })
  const cgroups = await openCgroups({ parent: '/pods', root, clock: systemClock })
  expect(wordsOf(root, 'cgroup.subtree_control')).not.toEqual([])
  expect(new Set(wordsOf(join(root, 'pods'), 'cgroup.controllers'))).toEqual(new Set(wordsOf(root, 'cgroup.subtree_control')))
  expect([wordsOf(root, 'cgroup.procs'), new Set(wordsOf(join(root, 'init'), 'cgroup.procs'))]).toEqual([[], new Set(pids)])
  // Once more, as at the next start of an agent.
  await openCgroups({ parent: '/pods', root, clock: systemClock })
  await cgroups.killAll('/')
  await cgroups.remove('/')
})
