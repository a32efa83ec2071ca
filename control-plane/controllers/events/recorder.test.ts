import { expect, test } from 'vitest'
import type { ObjectReference } from '../../../shared/model/gen/api.ts'
import { events } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'

const pod: ObjectReference = { kind: 'Pod', apiVersion: 'v1', namespace: 'ns', name: 'p', uid: 'u' }
const told = (message: string) => ({ type: 'Normal', reason: 'Pulled', message }) as const

test('the same again counts up, something else is an event of its own, an object of no namespace tells in default', async () => {
  await using here = world()
  await here.start()
  const { events: recorder } = here.parts
  for (const message of ['a', 'a', 'b']) recorder.record('kubelet', pod, told(message))
  recorder.record('node-controller', { kind: 'Node', name: 'n' }, told('c'))
  await here.clock.advance(100)
  recorder.record('kubelet', pod, told('a'))
  await here.clock.advance(100)
  expect(here.client.all(events).map(({ metadata, message, count, source }) => [metadata.namespace, message, count, source?.component])).toEqual([
    ['default', 'c', 1, 'node-controller'],
    ['ns', 'a', 3, 'kubelet'],
    ['ns', 'b', 1, 'kubelet'],
  ])
})

test('a second object that has to do with it is named', async () => {
  await using here = world()
  await here.start()
  here.parts.events.record('c', pod, { ...told('x'), related: { kind: 'Node', name: 'n' } })
  await here.clock.advance(100)
  expect(here.client.all(events)[0]?.related).toEqual({ kind: 'Node', name: 'n' })
})

test('with an action it is an event of the new kind, which counts in a series', async () => {
  await using here = world()
  await here.start()
  for (let i = 0; i < 2; i++) {
    here.parts.events.record('default-scheduler', pod, { ...told('x'), action: 'Binding' })
    await here.clock.advance(100)
  }
  expect(here.client.all(events)).toMatchObject([{ action: 'Binding', reportingComponent: 'default-scheduler', series: { count: 2 } }])
  expect(here.client.all(events)[0]?.source).toBeUndefined()
})

test('many similar ones are combined, and one that was removed is written anew', async () => {
  await using here = world()
  await here.start()
  for (let i = 0; i < 14; i++) here.parts.events.record('c', pod, told(`try ${i}`))
  await here.clock.advance(200)
  const stored = here.client.all(events)
  const combined = stored.find(({ message }) => message?.startsWith('(combined'))
  expect([stored.length, combined?.message, combined?.count]).toEqual([11, '(combined from similar events): try 13', 4])
  await here.client.delete(events, { namespace: 'ns', name: stored.find(({ message }) => message === 'try 0')?.metadata.name ?? '' })
  here.parts.events.record('c', pod, told('try 0'))
  await here.clock.advance(200)
  expect(here.client.all(events).length).toBe(11)
})
