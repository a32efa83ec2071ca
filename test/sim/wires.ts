import type { Link, LinkListener } from '../../node-agent/fencing/links.ts'
import type { Life } from './life.ts'
import type { Ways } from './ways.ts'

/** What the far side makes of a connection. */
export interface Accepted<Out> {
  take(message: Out): void
  closed(): void
}

export interface Dialled<Out, In> {
  readonly from: string
  readonly to: string
  readonly near: Life
  readonly listener: LinkListener<In>
  /** Who listens there, when the dial arrives; `undefined`: nobody. */
  readonly accept: () => { readonly life: Life; connect(send: (message: In) => void): Accepted<Out> } | undefined
}

interface Wire {
  readonly near: Life
  far: Life | undefined
  /** A side's process has died: its kernel says so to the other. */
  broken(dead: Life): void
  /** A side's machine is gone: nobody says anything. */
  silenced(dead: Life): void
}

/** The TLS connections of heartbeats and of questions between nodes. */
export class Wires {
  readonly #ways: Ways
  readonly #open = new Set<Wire>()

  constructor(ways: Ways) {
    this.#ways = ways
  }

  processDied(dead: Life): void {
    for (const wire of this.#open) if (wire.near === dead || wire.far === dead) wire.broken(dead)
  }

  machineDied(dead: Life): void {
    for (const wire of this.#open) if (wire.near === dead || wire.far === dead) wire.silenced(dead)
  }

  dial<Out, In>({ from, to, near, listener, accept }: Dialled<Out, In>): Link<Out> {
    const [up, down] = [this.#ways.flow(from, to), this.#ways.flow(to, from)]
    let [isClosed, isFarClosed] = [false, false]
    let accepted: Accepted<Out> | undefined
    const leave = (): void => {
      if (!isClosed || !isFarClosed) return
      up.stop()
      down.stop()
      this.#open.delete(wire)
    }
    const nearEnds = (why: string): void => {
      if (isClosed) return
      isClosed = true
      near.take(() => listener.onClose(why))
      leave()
    }
    const farEnds = (): void => {
      if (isFarClosed) return
      isFarClosed = true
      wire.far?.take(() => accepted?.closed())
      leave()
    }
    const refuse = (why: string): void => {
      isFarClosed = true
      down.send(() => nearEnds(why))
    }
    const wire: Wire = {
      near,
      far: undefined,
      broken: (dead) => (dead === near ? ((isClosed = true), up.send(farEnds)) : refuse('the other side died')),
      silenced: (dead) => {
        if (dead === near) isClosed = true
        else isFarClosed = true
        leave()
      },
    }
    this.#open.add(wire)
    up.send(() => {
      const there = accept()
      if (!there) return refuse('nobody listens')
      wire.far = there.life
      there.life.take(() => {
        if (isFarClosed) return
        accepted = there.connect((message) => void (isFarClosed || down.send(() => near.take(() => void (isClosed || listener.onMessage(message))))))
        down.send(() => near.take(() => void (isClosed || listener.onOpen())))
      })
    })
    const taken = (message: Out): void => {
      if (isFarClosed) return
      try {
        accepted?.take(message)
      } catch {
        farEnds()
        refuse('the other side refuses what is said')
      }
    }
    return {
      send: (message) => void (isClosed || up.send(() => wire.far?.take(() => taken(message)))),
      close: () => {
        if (isClosed) return
        isClosed = true
        up.send(farEnds)
      },
    }
  }
}
