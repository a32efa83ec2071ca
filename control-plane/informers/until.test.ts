import { expect, test } from 'vitest'
import { configMaps } from '../../shared/model/resources.ts'
import { world } from '../controllers/testing.ts'
import { informersUntil } from './until.ts'

test('who leaves hears nothing any more, the others do', async () => {
  await using at = world()
  await at.start()
  const leave = new AbortController()
  const heard = { leaver: [] as string[], stayer: [] as string[] }
  informersUntil(at.informers, leave.signal).for(configMaps).subscribe(({ key }) => void heard.leaver.push(key))
  at.informers.for(configMaps).subscribe(({ key }) => void heard.stayer.push(key))
  await at.client.create(configMaps, { metadata: { name: 'a', namespace: 'x' } })
  await at.clock.advance(10)
  leave.abort()
  await at.client.create(configMaps, { metadata: { name: 'b', namespace: 'x' } })
  await at.clock.advance(10)
  expect(heard).toEqual({ leaver: ['x/a'], stayer: ['x/a', 'x/b'] })
})

test('an informer says when it has come to a revision', async () => {
  await using at = world()
  const informer = at.informers.for(configMaps)
  await at.start()
  const made = await at.client.create(configMaps, { metadata: { name: 'a', namespace: 'x' } })
  const signal = new AbortController().signal
  let hasReached = false
  const reached = at.informers.whenReached(Number(made.metadata.resourceVersion), signal).then(() => (hasReached = true))
  expect(hasReached).toBe(false)
  await at.clock.advance(10)
  await reached
  expect(informer.get('x/a')).toBeDefined()
})
