import type { Death, Point } from '../fate.ts'
import { deathInWords, deathsOf, Fate } from '../fate.ts'
import { isDeepStrictEqual } from 'node:util'
import { Machine, type Disk } from './machine.ts'
import { madeUp, observe, storyOf, wentBack, type Observation } from './observe.ts'
import type { Scenario } from './scenarios.ts'

/** Longer than every back-off of a scenario. */
const LONGEST_MS = 120_000
const LOOK_MS = 20
/** How long a machine is left alone before one looks. */
const REST_MS = 4_000

export interface Course {
  readonly points: readonly Point[]
  /** After each act that was left to come to its end. */
  readonly observations: ReadonlyArray<Observation | undefined>
  readonly stories: ReadonlyMap<string, readonly string[]>
  readonly violations: readonly string[]
  readonly execs: readonly string[]
}

/** One whole scenario, with at most one death. */
export async function runScenario({ acts }: Scenario, disk: Disk, death?: Death): Promise<Course> {
  const fate = new Fate(death)
  const machine = new Machine(fate, disk)
  await machine.boot()
  const observations: Array<Observation | undefined> = []
  for (const { what, act, until, hurryMs } of acts) {
    act(machine)
    let waitedMs = 0
    for (; !until(machine) && waitedMs < LONGEST_MS; waitedMs += LOOK_MS) await machine.clock.advance(LOOK_MS)
    if (waitedMs >= LONGEST_MS) machine.violations.push(`${what}: not at its end after ${LONGEST_MS / 1000} s: ${JSON.stringify([...machine.desk.pods.values()].map(({ status }) => storyOf([status])))}`)
    await machine.clock.advance(hurryMs ?? REST_MS)
    observations.push(hurryMs === undefined ? await observe(machine) : undefined)
  }
  const stories = new Map([...machine.desk.told].map(([name, told]) => [name, storyOf(told)]))
  const back = [...machine.desk.told].flatMap(([name, told]) => wentBack(told).map((text) => `${name}: ${text}`))
  return { points: fate.points, observations, stories, violations: [...machine.violations, ...back], execs: machine.execs }
}

interface Case {
  readonly scenario: Scenario
  readonly truth: Course
  readonly course: Course
}

export interface Trial {
  readonly disk: Disk
  /** What is wrong with a course, in sentences. */
  readonly judge: (one: Case) => readonly string[]
}

/** Runs a scenario once for each death there can be in it; answers what differs from the course without any, and after which deaths. */
export async function allDeaths(scenario: Scenario, { disk, judge }: Trial): Promise<ReadonlyMap<string, readonly string[]>> {
  const truth = await runScenario(scenario, disk)
  const found = new Map(truth.violations.map((one) => [one, ['nobody died']]))
  for (const death of deathsOf(truth.points)) {
    for (const difference of judge({ scenario, truth, course: await runScenario(scenario, disk, death) })) found.set(difference, [...(found.get(difference) ?? []), deathInWords(death, truth.points)])
  }
  return found
}

/** How a course with a death differs from the one without, in sentences. */
export function differences({ scenario: { acts }, truth, course }: Case): readonly string[] {
  const differing = acts.flatMap(({ what }, at) => observationsDiffer(truth.observations[at], course.observations[at]).map((text) => `after "${what}": ${text}`)).slice(0, 3)
  const skipped = truth.execs.filter((one) => !course.execs.includes(one)).map((one) => `was never run: ${one}`)
  return [...course.violations, ...differing, ...skipped]
}

/** Besides: nobody is told what is not so. Left out may be what nobody was there to tell. */
export const differencesAndStories = (one: Case): readonly string[] => [
  ...differences(one),
  ...[...one.course.stories].flatMap(([name, story]) => madeUp(story, one.truth.stories.get(name) ?? []).map((line) => `told of ${name}: ${line}`)),
]

/** All that can be asked of an agent that remembers nothing but what it is told and what it sees: no second life, nothing left behind. */
export function leftovers({ truth, course }: Case): readonly string[] {
  const end = course.observations.at(-1)
  const held = end === undefined ? ['it was never reached'] : (['containers', 'snapshots', 'networks', 'volumes', 'groups'] as const).flatMap((key) => end[key].filter((one) => truth.observations.at(-1)?.[key].includes(one) !== true).map((one) => `left in ${key}: ${one}`))
  return [...course.violations, ...held]
}

function observationsDiffer(truth: Observation | undefined, found: Observation | undefined): readonly string[] {
  if (truth === undefined && found === undefined) return []
  if (truth === undefined || found === undefined) return ['it was never reached']
  return (Object.keys(truth) as Array<keyof Observation>).filter((key) => !isDeepStrictEqual(truth[key], found[key])).map((key) => `${key}: ${differing(leaves(truth[key]), leaves(found[key]))}`)
}

const differing = (truth: readonly string[], found: readonly string[]): string => [...found.filter((one) => !truth.includes(one)).map((one) => `+ ${one}`), ...truth.filter((one) => !found.includes(one)).map((one) => `- ${one}`)].join(', ')

/** Every value with the way to it, one a line. */
function leaves(value: unknown, way = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((one, at) => (typeof one === 'object' ? leaves(one, `${way}[${at}]`) : [`${way} ${String(one)}`]))
  if (typeof value !== 'object' || value === null) return [`${way} ${String(value)}`]
  return Object.entries(value).flatMap(([key, one]) => leaves(one, `${way}.${key}`))
}
