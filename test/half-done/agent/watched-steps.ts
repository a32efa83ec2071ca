import type * as sync from '../../../node-agent/pods/sync.ts'
import type { Step } from '../../../node-agent/pods/steps.ts'
import { theLiving } from './mortal.ts'

/** Kinds of steps that were done so far. */
export const stepsSeen = new Set<Step['kind']>()

/** The agent's steps, each a point at which it may die. For `vi.mock` of `pods/sync.ts`. */
export function watchedSteps(real: typeof sync): typeof sync {
  return {
    ...real,
    doStep(context, step) {
      stepsSeen.add(step.kind)
      const life = theLiving.agent
      return life ? life.step(`step ${step.kind}`, () => real.doStep(context, step)) : real.doStep(context, step)
    },
    noteChange(step) {
      stepsSeen.add(step.kind)
      const change = real.noteChange(step)
      theLiving.agent?.now(`step ${step.kind}`, () => {})
      return change
    },
  }
}
