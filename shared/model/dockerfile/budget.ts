/**
 * What all variables of one build may cost: made of each other, they grow beyond all bounds, and a pattern is held against what they hold as often as somebody writes it.
 * One budget goes through a whole build, and is looked at while a word is made, not after. Pure, but for the counts.
 */
export interface Budget {
  /** Characters that came out of variables. */
  made: number
  /** Characters of values times characters of the patterns held against them. */
  looked: number
}

export const newBudget = (): Budget => ({ made: 0, looked: 0 })

/** What the variables of one build, or the steps of one stage, may come to in all. */
export const MOST_SAID = 16 << 20
export const MOST_LOOKED = 1 << 24
export const SAYS_TOO_MUCH = `its variables make more than ${MOST_SAID} characters`

/** Takes so much of it: undefined, or in words why no more of it may be done. */
export function spend(budget: Budget, what: keyof Budget, count: number): string | undefined {
  budget[what] += count
  if (budget[what] <= (what === 'made' ? MOST_SAID : MOST_LOOKED)) return undefined
  return what === 'made' ? SAYS_TOO_MUCH : `its patterns look for more than ${MOST_LOOKED} characters in its variables`
}
