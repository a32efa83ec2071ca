/** Something that a process does and that is there afterwards: the process may die right before it, or right after it. */
export interface Point {
  readonly label: string
  /** Other effects that are under way at this moment, whose outcome the dying process never learns. */
  readonly underWay: number
}

export interface Death {
  /** Which of the points, counted from 0. */
  readonly at: number
  readonly side: 'before' | 'after'
  /** What comes of the effects that were under way. */
  readonly underWay: 'lost' | 'done'
}

/** Counts what a process does, over all its lives, and says when it dies. */
export class Fate {
  readonly points: Point[] = []
  readonly #death: Death | undefined

  constructor(death?: Death) {
    this.#death = death
  }

  get underWay(): Death['underWay'] {
    return this.#death?.underWay ?? 'lost'
  }

  /** Notes a point; the answer is its number. */
  reach(label: string, underWay = 0): number {
    return this.points.push({ label, underWay }) - 1
  }

  strikes(at: number, side: Death['side']): boolean {
    return this.#death?.at === at && this.#death.side === side
  }
}

/** Every death there is in a life with these points. */
export const deathsOf = (points: readonly Point[]): readonly Death[] =>
  points.flatMap(({ underWay }, at) => {
    const outcomes = underWay > 0 ? (['lost', 'done'] as const) : (['lost'] as const)
    return (['before', 'after'] as const).flatMap((side) => outcomes.map((outcome): Death => ({ at, side, underWay: outcome })))
  })

export const deathInWords = ({ at, side, underWay }: Death, points: readonly Point[]): string =>
  `killed ${side} ${points[at]?.label ?? '?'} (${at})${(points[at]?.underWay ?? 0) > 0 ? `, what was under way is ${underWay}` : ''}`
