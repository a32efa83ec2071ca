import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../../../shared/kit/faults.ts'
import type { CrashPoint } from './crash-points.ts'
import { crashPointsOf, live, PHASES, viewsDiffer, type Course, type Deaths } from './life.ts'
import type { Kit } from './machine.ts'

export interface Enumeration {
  readonly tag: string
  readonly kit: Kit
  /** Every how manyth point is tried; which of them the offset says. */
  readonly stride: number
  readonly offset: number
  /** Lives that go on side by side. */
  readonly lanes: number
}

export interface Found {
  readonly lives: number
  readonly deaths: number
  /** Points that were not passed a second time: threads of work overtake each other. */
  readonly spared: number
  readonly differences: readonly string[]
}

/** Lives as many lives as there are points, in each of which the agent dies once in every phase. */
export async function enumerate({ tag, kit, stride, offset, lanes }: Enumeration): Promise<Found> {
  const truth = await live(`${tag}-0`, kit)
  const all = livesOf(truth).filter((_, at) => at % stride === offset % stride)
  const differences: string[] = []
  let [deaths, spared] = [0, 0]
  const queue = [...all]
  const lane = async (name: string): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      deaths += Object.keys(next).length
      const story: string[] = []
      try {
        const course = await live(name, kit, { deaths: next, truth, story })
        spared += course.spared.length
        const differing = viewsDiffer(truth, course)
        if (differing.length > 0) differences.push(`${inWords(next)}:\n  ${differing.join('\n  ')}\nin ${kept(name, story)}`)
      } catch (error) {
        differences.push(`${inWords(next)}:\n  ${messageOf(error)}\nin ${kept(name, story)}`)
      }
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, at) => lane(`${tag}-${at + 1}`)))
  return { lives: all.length, deaths, spared, differences }
}

function livesOf(truth: Course): readonly Deaths[] {
  const byPhase = PHASES.map((phase) => [phase, crashPointsOf(truth.points[phase])] as const)
  const longest = Math.max(...byPhase.map(([, points]) => points.length))
  return Array.from({ length: longest }, (_, at) => Object.fromEntries(byPhase.flatMap(([phase, points]) => (points[at] === undefined ? [] : [[phase, points[at]]]))) as Deaths)
}

/** Where the story of a life that differed can be read. */
function kept(name: string, story: readonly string[]): string {
  const folder = join(import.meta.dirname, '../../../.gantry/reports/half-done')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name}-${Date.now()}.log`)
  writeFileSync(file, `${story.join('\n')}\n`)
  return file
}

const inWords = (deaths: Deaths): string => Object.entries(deaths).map(([phase, { label, nth, side }]: readonly [string, CrashPoint]) => `${phase}: killed ${side} ${label} (${nth + 1}.)`).join('\n')
