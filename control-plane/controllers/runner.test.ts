import { expect, test } from 'vitest'
import { silentLog } from '../../shared/kit/log.ts'
import { again, done, type Enqueue, type Outcome } from './controller.ts'
import { paced } from './pacing.ts'
import { runController } from './runner.ts'
import { virtualClock } from './testing.ts'

interface Script {
  readonly workers?: number
  readonly reconcile: (key: string) => Promise<Outcome>
}

function start({ workers = 1, reconcile }: Script) {
  const clock = virtualClock()
  const end = new AbortController()
  const results: string[] = []
  let enqueue: Enqueue = () => {}
  let isStopped = false
  const controller = {
    name: 'test',
    workers,
    start: (given: Enqueue) => {
      enqueue = given
      return () => void (isStopped = true)
    },
    reconcile,
  }
  const ended = runController(controller, { clock, log: silentLog, metrics: { reconciled: ({ result }) => results.push(result) } }, end.signal)
  return { clock, end, ended, results, enqueue: (key: string, afterMs?: number) => enqueue(key, afterMs), isStopped: () => isStopped }
}

test('an error comes again with back-off until it works, and what asks for later comes later', async () => {
  const seenMs: number[] = []
  const { clock, enqueue, results } = start({
    reconcile: async () => {
      seenMs.push(clock.monotonicMs())
      if (seenMs.length < 4) throw new Error('not yet')
      return seenMs.length < 5 ? again(1000) : done
    },
  })
  enqueue('a')
  await clock.advance(5000)
  expect([seenMs, results]).toEqual([[0, 5, 15, 35, 1035], ['error', 'error', 'error', 'again', 'done']])
})

test('different keys side by side, one key never', async () => {
  let running = 0
  let most = 0
  const release: Array<() => void> = []
  const { clock, enqueue, end, ended, isStopped } = start({
    workers: 3,
    reconcile: async () => {
      most = Math.max(most, ++running)
      await new Promise<void>((resolve) => release.push(resolve))
      running--
      return done
    },
  })
  for (const key of ['a', 'a', 'b', 'c', 'd']) enqueue(key)
  enqueue('a')
  await clock.advance(0)
  expect([most, release.length]).toEqual([3, 3])
  enqueue('a')
  end.abort()
  for (const resolve of release) resolve()
  await ended
  expect([running, isStopped()]).toEqual([0, true])
})

test('paced: the first at once, a burst behind it once', async () => {
  const clock = virtualClock()
  const asked: string[] = []
  const soon = paced((key, afterMs = 0) => asked.push(`${key}+${afterMs}`), clock, 10)
  soon('a')
  soon('a')
  soon('b')
  await clock.advance(4)
  soon('a')
  await clock.advance(10)
  soon('a')
  expect(asked).toEqual(['a+0', 'a+10', 'b+0', 'a+6', 'a+0'])
})
