/** Where a command may be killed, and which of these places are tried. */
export interface Point {
  /** What is done there: `mkdir PATH`, `start PROGRAM WORDS`, `end PROGRAM WORDS`… */
  readonly label: string
  /** The how-manieth of that label, from 0. */
  readonly nth: number
  /** Whether it can be done by half. */
  readonly hasHalf: boolean
}

export interface Death {
  readonly label: string
  readonly nth: number
  readonly side: 'before' | 'half' | 'after'
  /** Only the command itself, or all it started with it. */
  readonly who: 'alone' | 'group'
  /** After the start of a program: how long it had. */
  readonly delayMs?: number | undefined
}

export const inWords = ({ label, nth, side, who, delayMs }: Death): string => `killed ${who} ${side} "${label}"${nth === 0 ? '' : ` (${nth + 1}.)`}${delayMs ? ` + ${delayMs} ms` : ''}`

/** The first and the last of what is done many times over: groups made, processes killed. */
const ends = (points: readonly Point[]): readonly Point[] => points.filter(({ label, nth }) => nth === 0 || !points.some((other) => other.label === label && other.nth > nth))

/** Every death there is. What is done in one call cannot be torn from its group; a program that was started can. */
export function deathsAt(points: readonly Point[]): readonly Death[] {
  return ends(points).flatMap(({ label, nth, hasHalf }): readonly Death[] => {
    if (label.startsWith('end ')) return [{ label, nth, side: 'after', who: 'alone' }]
    if (label.startsWith('start ')) return [{ label, nth, side: 'before', who: 'alone' }, ...(['alone', 'group'] as const).flatMap((who) => [0, 2].map((delayMs) => ({ label, nth, side: 'after' as const, who, delayMs })))]
    return (hasHalf ? (['before', 'half', 'after'] as const) : (['before', 'after'] as const)).map((side) => ({ label, nth, side, who: 'alone' }))
  })
}

/** So many of them, spread over all. */
export const spread = <T>(all: readonly T[], many: number): readonly T[] => (all.length <= many ? all : Array.from({ length: many }, (_, at) => all[Math.floor(((at + 0.5) * all.length) / many)]).filter((one) => one !== undefined))
