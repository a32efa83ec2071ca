/** Who changes objects at admission may be asked again when others have changed them after him. */
import { deepEqual, type JsonObject } from '../../../shared/model/json.ts'

/** Of one request. */
export class Reinvocation {
  /** Whether everything that changes objects is asked a second time. There is no third. */
  isSecond = false
  /** Whether a second time is needed. */
  isNeeded = false
  readonly #plugins = new Map<string, Reinvoked>()

  of(plugin: string): Reinvoked {
    const known = this.#plugins.get(plugin) ?? new Reinvoked(this)
    this.#plugins.set(plugin, known)
    return known
  }
}

/** Of one plugin: which of its webhooks or policies were asked, and which are to be asked again. */
export class Reinvoked {
  readonly #request: Reinvocation
  readonly #asked = new Set<string>()
  readonly #due = new Set<string>()
  #last: JsonObject | undefined

  constructor(request: Reinvocation) {
    this.#request = request
  }

  /** What other plugins have changed since concerns all that were asked. */
  begin(object: JsonObject): void {
    if (this.#request.isSecond && !deepEqual(object, this.#last)) this.#demand()
  }

  isDue(one: string): boolean {
    return !this.#request.isSecond || this.#due.has(one)
  }

  /** Something changed the object: who was asked before is to be asked again. */
  changed(): void {
    this.#demand()
    this.#request.isNeeded = true
  }

  remember(one: string): void {
    this.#asked.add(one)
  }

  end(object: JsonObject): void {
    this.#last = object
  }

  #demand(): void {
    for (const one of this.#asked) this.#due.add(one)
    this.#asked.clear()
  }
}
