import type { Clock } from '../../shared/kit/clock.ts'
import { moments, type Change, type History, type Operation, type Revision } from './history.ts'

type Times = 'id' | 'asked' | 'answered'
export type Untimed<Kind> = Kind extends Operation ? Omit<Kind, Times> : never

/** A server whose own watch was cut when history was forgotten notices when it is back, and begins anew then. */
const FORGETTING_MS = 8_000
const EVERY_MS = 100

/** Writes down what several clients ask and are answered, on one clock. */
export class Recorder {
  readonly now: () => number
  readonly #clock: Clock
  readonly #operations: Operation[] = []
  /** Asked and not answered yet. */
  readonly #open = new Map<number, Operation>()
  readonly #forgotten: number[] = []
  #ids = 0
  /** The newest revision anybody was told of: what clients tell one another. */
  newest: Revision = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.now = moments(() => clock.monotonicMs())
  }

  /** A server that begins now knows nothing of what was before. */
  begins(): void {
    this.#forgotten.push(this.now())
  }

  /** The storage forgets its history now: servers may notice in a while. */
  forgets(forMs = FORGETTING_MS): void {
    this.begins()
    if (forMs > 0) this.#clock.after(EVERY_MS, () => this.forgets(forMs - EVERY_MS))
  }

  /** Something is asked; what it comes to when it is never answered. The answer writes down how it ended. */
  ask(unanswered: Untimed<Operation>): (answered: Untimed<Operation>) => void {
    const id = ++this.#ids
    const asked = this.now()
    this.#open.set(id, { ...unanswered, id, asked, answered: Number.POSITIVE_INFINITY })
    return (answered) => {
      this.#open.delete(id)
      this.#operations.push({ ...answered, id, asked, answered: this.now() })
    }
  }

  told(revision: Revision): void {
    this.newest = Math.max(this.newest, revision)
  }

  /** Everything so far, beside what the storage says it did. */
  history(changes: readonly Change[]): History {
    return { operations: [...this.#operations, ...this.#open.values()], changes, forgotten: this.#forgotten }
  }
}
