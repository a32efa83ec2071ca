/** The verbs that happen to a lab's machines, killed in between: said again they do what they do, and what undoes them gives a lab that works. */
import { layoutOf } from '../../../deploy/lab/layout.ts'
import * as lab from '../../../deploy/lab/lab.ts'
import { linkState } from '../../../deploy/lab/cables.ts'
import { isFrozen } from '../../../deploy/lab/cgroups.ts'
import { bootIdOf } from '../../../deploy/lab/programs.ts'
import { gantry, pointsOf } from './command.ts'
import { deathsAt, type Death } from './deaths.ts'
import { must, mustDie, upOf } from './lab-trials.ts'

export const VERBS = {
  kill: ['lab', 'kill', 'n1'],
  start: ['lab', 'start', 'n1'],
  partition: ['lab', 'partition', 'n1'],
  heal: ['lab', 'heal'],
} as const
export type Verb = keyof typeof VERBS

const named = (name: string, verb: Verb): readonly string[] => [...VERBS[verb], '--name', name]

/** What must have been done for it to have something to do. */
const BEFORE: Readonly<Record<Verb, readonly Verb[]>> = { kill: [], start: ['kill'], partition: [], heal: ['partition'] }

const stateOf = async (name: string): Promise<string | undefined> => (await lab.status(name)).members.find((member) => member.name === 'n1')?.state

const WANTED: Readonly<Record<Verb, string>> = { kill: 'stopped', start: 'running', partition: 'cut off', heal: 'running' }

const WITHIN_MS = 60_000

async function untilState(name: string, wanted: string): Promise<void> {
  const deadlineMs = performance.now() + WITHIN_MS
  for (let state = await stateOf(name); state !== wanted; state = await stateOf(name)) {
    if (performance.now() > deadlineMs) throw new Error(`n1 is ${state ?? 'nowhere'}, not ${wanted}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** The deaths of a verb, on a lab of one node that runs. */
export async function verbDeaths(name: string, verb: Verb): Promise<readonly Death[]> {
  for (const one of BEFORE[verb]) await must(named(name, one))
  const { points } = await pointsOf(named(name, verb))
  await must(upOf(name))
  await must(named(name, 'heal'))
  return deathsAt(points)
}

/** The verb dies; then it is said again, and undone; or `up` and `heal` are said at once. The lab is whole after either. */
export async function verbDies(name: string, { verb, death, next }: { readonly verb: Verb; readonly death: Death; readonly next: 'again' | 'up' }): Promise<void> {
  const { spec } = await lab.status(name)
  for (const one of BEFORE[verb]) await must(named(name, one))
  const boot = await bootIdOf(spec, 'n1')
  await mustDie(named(name, verb), death)
  if (next === 'again') {
    await must(named(name, verb))
    await untilState(name, WANTED[verb])
    if (verb === 'kill') await must(named(name, 'start'))
  }
  await must(named(name, 'heal'))
  await must(upOf(name))
  await proveWhole(name)
  if ((verb === 'start' || (verb === 'kill' && next === 'again')) && boot === (await bootIdOf(spec, 'n1'))) throw new Error('n1 had no power, and is in the boot it was in')
}

/** Runs, and would run again; nothing of it is frozen or without its cable. */
async function proveWhole(name: string): Promise<void> {
  await untilState(name, 'running')
  const { spec } = await lab.status(name)
  if (await isFrozen(layoutOf(spec).memberCgroup('n1'))) throw new Error('n1 is frozen')
  const link = await linkState(spec, 'n1')
  if (link !== 'up') throw new Error(`the cable of n1 is ${link}`)
  const pid = (await lab.status(name)).members.find((member) => member.name === 'n1')?.pid ?? 0
  process.kill(pid, 'SIGKILL')
  const deadlineMs = performance.now() + WITHIN_MS
  for (;;) {
    const now = (await lab.status(name)).members.find((member) => member.name === 'n1')?.pid
    if (now !== undefined && now !== pid) return
    if (performance.now() > deadlineMs) throw new Error('the agent of n1 is not started again when it dies')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Two of one name at the same time: one makes it, the other finds it made. */
export async function twoAtOnce(name: string): Promise<readonly string[]> {
  const both = await Promise.all([gantry(upOf(name)), gantry(upOf(name))])
  for (const { exitCode, stderr } of both) if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${stderr}`)
  return both.map(({ stdout }) => /: (.*) \(/.exec(stdout)?.[1] ?? stdout).toSorted()
}
