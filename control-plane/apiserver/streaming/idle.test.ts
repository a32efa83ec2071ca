import { expect, test } from 'vitest'
import type { StreamFrame } from '../../../proto/gen/node/v1/session.ts'
import { IDLE_MS, idleWatch } from './idle.ts'
import { fakeNode, programOf } from './fake.ts'
import { startedStream } from './node-start.ts'
import { testClock } from './testing.ts'

test('what was heard puts the end off, and it comes once', () => {
  const { clock, advance, pending } = testClock()
  let ended = 0
  const watch = idleWatch(clock, 100, () => ended++)
  advance(60)
  watch.heard()
  advance(60)
  expect(ended).toBe(0)
  advance(40)
  expect([ended, pending()]).toEqual([1, 0])
  const stopped = idleWatch(clock, 100, () => ended++)
  stopped.stop()
  advance(200)
  expect([ended, pending()]).toEqual([1, 0])
})

test('a command that neither hears nor says anything is closed after kubelet’s time, with a word, and nothing stays', async () => {
  const { clock, advance, pending } = testClock()
  const node = fakeNode()
  const { node: stream, frames } = await startedStream(node.open(programOf(['cat'])), { clock, signal: new AbortController().signal })
  const read = frames[Symbol.asyncIterator]()
  const heard: StreamFrame[] = []
  const next = async (): Promise<void> => {
    const item = await read.next()
    if (!item.done) heard.push(item.value)
  }
  await next()
  advance(IDLE_MS - 1)
  stream.send({ frame: { $case: 'stdin', value: Buffer.from('x') } })
  await next()
  expect(heard.map(({ frame }) => frame?.$case)).toEqual(['started', 'stdout'])
  advance(IDLE_MS - 1)
  expect(node.openStreams).toBe(1)
  advance(1)
  await expect(read.next()).rejects.toThrow('nothing passed for 4 hours, and the stream was closed')
  expect([node.openStreams, pending()]).toEqual([0, 0])
})
