import { expect, test } from 'vitest'
import { describeStorage } from './contract.ts'
import { committed, eventsAfter, faulty, put } from './contract-room.ts'
import { createMemoryStorage } from './memory.ts'

describeStorage('memory storage', () => Promise.resolve(createMemoryStorage()))

test('history beyond its bound is as good as compacted', async () => {
  const storage = createMemoryStorage({ historyEvents: 5 })
  const after = await storage.currentRevision()
  for (let n = 0; n < 7; n++) await committed(put(storage, `/gantry/core/pods/a/${n}`, '{}'))
  await expect(eventsAfter(storage, '/gantry/', after)).rejects.toSatisfy(faulty('gone'))
  await expect(storage.list('/gantry/', { revision: after })).rejects.toSatisfy(faulty('gone'))
})

test('a watch hears of a write in the same turn of the event loop', async () => {
  const storage = createMemoryStorage()
  const abort = new AbortController()
  const watch = storage.watch('/gantry/', { after: await storage.currentRevision(), signal: abort.signal })[Symbol.asyncIterator]()
  let heard = false
  const next = watch.next().then(() => {
    heard = true
  })
  await put(storage, '/gantry/core/pods/a/b', '{}')
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
  expect(heard).toBe(true)
  await next
  abort.abort()
})
