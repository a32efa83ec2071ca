import { expect, test } from 'vitest'
import type { AgentMessage } from '../../proto/gen/node/v1/session.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import type { Event, Pod } from '../../shared/model/gen/api.ts'
import { Outbox } from './outbox.ts'

const POD = { metadata: { name: 'web', namespace: 'd', uid: 'u' } } as unknown as Pod

function world() {
  let nowMs = 1_900_000_000_000
  const due: Array<() => void> = []
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, after: (_, run) => (due.push(run), () => {}) }
  const outbox = new Outbox({ clock, nodeName: 'n1' })
  const told: string[] = []
  const take = ({ message }: AgentMessage): void => {
    if (message?.$case !== 'event') return
    const { reason = '', count } = JSON.parse(message.value.event.toString()) as Event
    told.push(`${reason} ${count}`)
  }
  return {
    outbox,
    take,
    pass: (ms: number) => void (nowMs += ms),
    /** What went out since the last call. */
    said: () => {
      for (const run of due.splice(0)) run()
      return told.splice(0)
    },
    tell: (reason: string) => outbox.event(POD, { type: 'Normal', reason, message: '' }),
  }
}

test('what is said while nobody listens goes out with the next session', () => {
  const { outbox, take, said, tell } = world()
  tell('Pulled')
  outbox.nodeEvent({ type: 'Warning', reason: 'PodsStopped', message: '2 pods stopped' })
  expect(said()).toEqual([])
  outbox.connect(take)
  expect(said()).toEqual(['Pulled 1', 'PodsStopped 1'])
})

test('what went into a session that was dead already is said again in the next one, once each, with the newest count', () => {
  const { outbox, take, said, tell, pass } = world()
  outbox.connect(() => {})
  tell('Old')
  said()
  pass(30_000)
  outbox.nodeEvent({ type: 'Warning', reason: 'PodsStopped', message: '2 pods stopped' })
  for (let i = 0; i < 3; i++) tell('BackOff')
  said()
  outbox.disconnect()
  tell('BackOff')
  pass(5_000)
  outbox.connect(take)
  expect(said()).toEqual(['PodsStopped 1', 'BackOff 4'])
  // Once more at most: it went out into this session.
  outbox.disconnect()
  pass(60_000)
  outbox.connect(take)
  expect(said()).toEqual([])
})
