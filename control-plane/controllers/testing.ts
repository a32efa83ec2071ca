/** For tests of this room: virtual time, the fake API, informers and some controllers running over them. */
import type { Clock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import { fakeClient, type FakeClient } from '../client/fake.ts'
import { createInformers } from '../informers/informers.ts'
import type { Informers } from '../informers/port.ts'
import type { Controller, ControllerParts } from './controller.ts'
import { createEventRecorder } from './events/recorder.ts'
import { runController } from './runner.ts'

export interface VirtualClock extends Clock {
  /** Lets time pass, timer by timer, with everything that follows from each. */
  advance(ms: number): Promise<void>
}

/** Lets promises run until nothing more happens by itself. */
async function settle(): Promise<void> {
  for (let i = 0; i < 400; i++) await Promise.resolve()
}

export function virtualClock(startMs = 1_700_000_000_000): VirtualClock {
  let now = startMs
  let due: Array<{ readonly atMs: number; readonly run: () => void }> = []
  return {
    nowMs: () => now,
    monotonicMs: () => now - startMs,
    after(delayMs, run) {
      const timer = { atMs: now + Math.max(delayMs, 0), run }
      due.push(timer)
      return () => void (due = due.filter((one) => one !== timer))
    },
    async advance(ms) {
      const endMs = now + ms
      await settle()
      for (;;) {
        const [next] = due.filter((one) => one.atMs <= endMs).toSorted((a, b) => a.atMs - b.atMs)
        if (!next) break
        due = due.filter((one) => one !== next)
        now = Math.max(now, next.atMs)
        next.run()
        await settle()
      }
      now = endMs
    },
  }
}

export interface World extends AsyncDisposable {
  readonly clock: VirtualClock
  readonly client: FakeClient
  readonly informers: Informers
  readonly parts: ControllerParts
  /** Informers, the event recorder and these controllers, until the world is disposed. */
  start(...controllers: readonly Controller[]): Promise<void>
}

export function world(seed = 1): World {
  const clock = virtualClock()
  const random = seededRandom(seed)
  const client = fakeClient(clock, random)
  const informers = createInformers({ client, clock, log: silentLog })
  const events = createEventRecorder({ client, clock, log: silentLog })
  const end = new AbortController()
  const running: Array<Promise<void>> = []
  return {
    clock,
    client,
    informers,
    parts: { client, informers, clock, random, log: silentLog, events },
    async start(...controllers) {
      running.push(informers.run(end.signal), events.run(end.signal))
      await clock.advance(0)
      running.push(...controllers.map((controller) => runController(controller, { clock, log: silentLog }, end.signal)))
      await clock.advance(100)
    },
    async [Symbol.asyncDispose]() {
      end.abort(new Error('the test is over'))
      await clock.advance(0)
      await Promise.all(running)
    },
  }
}
