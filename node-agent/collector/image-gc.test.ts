import { describe, expect, test } from 'vitest'
import type { Clock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import type { StoredImage } from '../images/disk-images.ts'
import { ImageCollector } from './image-gc.ts'
import { forSpace, KUBELET_IMAGE_GC, type SeenImage, tooOld } from './image-gc-plan.ts'
import { imageGcPolicy } from './image-gc-settings.ts'

const MINUTE = 60_000
const seen = (id: string, more: Partial<SeenImage> = {}): SeenImage => ({ id, firstSeenMs: 0, lastUsedMs: undefined, pinned: false, ...more })
const ids = (images: readonly SeenImage[]): string => images.map(({ id }) => id).join()

describe('the plan', () => {
  const at = { policy: KUBELET_IMAGE_GC, nowMs: 10 * MINUTE }

  test.each([
    ['below the high mark nothing goes', 16, 0, ''],
    ['at the high mark so much as leads to the low one', 15, 5, 'never,early,late'],
    ['a full disk', 0, 20, 'never,early,late'],
  ])('%s', (_, availableBytes, needBytes, order) => {
    const images = [seen('late', { lastUsedMs: 9 * MINUTE }), seen('early', { lastUsedMs: MINUTE }), seen('never')]
    const plan = forSpace(images, { capacityBytes: 100, availableBytes }, at)
    expect([plan.needBytes, ids(plan.order)]).toEqual([needBytes, order])
  })

  test('what is used now, was brought by hand, or came just now is left alone', () => {
    const images = [seen('used', { lastUsedMs: at.nowMs }), seen('brought', { pinned: true }), seen('young', { firstSeenMs: at.nowMs - MINUTE }), seen('older', { firstSeenMs: at.nowMs - 2 * MINUTE })]
    expect(ids(forSpace(images, { capacityBytes: 100, availableBytes: 0 }, at).order)).toBe('older')
  })

  test('an age sends away what nobody used for so long, once that can be known', () => {
    const policy = { ...KUBELET_IMAGE_GC, maxAgeMs: 5 * MINUTE }
    const images = [seen('old'), seen('once', { lastUsedMs: 6 * MINUTE }), seen('pinned', { pinned: true })]
    expect(ids(tooOld(images, policy, { nowMs: at.nowMs, sinceMs: 0 }))).toBe('old')
    expect(tooOld(images, policy, { nowMs: at.nowMs, sinceMs: 6 * MINUTE })).toEqual([])
    expect(tooOld(images, KUBELET_IMAGE_GC, { nowMs: at.nowMs, sinceMs: 0 })).toEqual([])
  })
})

test('settings are those of kubelet, and refused in its words', () => {
  const given = { imageGCHighThresholdPercent: 85, imageGCLowThresholdPercent: 80, imageMinimumGCAge: '2m', imageMaximumGCAge: '0s' }
  expect(imageGcPolicy(given)).toEqual(KUBELET_IMAGE_GC)
  expect(() => imageGcPolicy({ ...given, imageGCLowThresholdPercent: 85 })).toThrow('imageGCLowThresholdPercent 85 must be less than imageGCHighThresholdPercent 85')
  expect(() => imageGcPolicy({ ...given, imageGCHighThresholdPercent: 101 })).toThrow('must be between 0 and 100')
  expect(() => imageGcPolicy({ ...given, imageMinimumGCAge: '2 minutes' })).toThrow('imageMinimumGCAge: time: unknown unit')
})

const plain: Omit<StoredImage, 'id'> = { origin: 'pulled', addedMs: 0, pinned: false, isUsed: false }

describe('the collector', () => {
  function place(sizes: Readonly<Record<string, number>>, time?: Clock) {
    const images = new Map(Object.keys(sizes).map((id): [string, StoredImage] => [id, { ...plain, id, pinned: id.startsWith('pinned') }]))
    const told: string[] = []
    const calls: string[] = []
    const state = { nowMs: 0, availableBytes: 10, capacityBytes: 100 }
    const clock: Clock = time ?? { nowMs: () => state.nowMs, monotonicMs: () => state.nowMs, after: () => () => {} }
    const collector = new ImageCollector({
      policy: KUBELET_IMAGE_GC,
      images: {
        stored: async () => [...images.values()],
        async discardAll(ids) {
          calls.push(ids.join())
          const bytes = ids.reduce((sum, id) => sum + (images.delete(id) ? (sizes[id] ?? 0) : 0), 0)
          state.availableBytes += bytes
          return bytes
        },
      },
      disk: async () => ({ capacityBytes: state.capacityBytes, availableBytes: state.availableBytes }),
      tell: ({ reason, message }) => void told.push(`${reason}: ${message}`),
      clock,
      log: silentLog,
    })
    const collectAt = (minutes: number): Promise<number> => {
      state.nowMs = minutes * MINUTE
      return collector.collect()
    }
    return { images, told, calls, state, collector, collectAt }
  }

  test('frees what is needed and no more, longest unused first, once images are old enough', async () => {
    const { images, told, collectAt } = place({ used: 50, a: 6, b: 6, c: 6, pinned: 50 })
    images.set('used', { ...plain, id: 'used', isUsed: true })
    images.set('a', { ...plain, id: 'a', isUsed: true })
    await collectAt(0)
    images.set('a', { ...plain, id: 'a' })
    expect(await collectAt(5)).toBe(12)
    expect([...images.keys()]).toEqual(['used', 'a', 'pinned'])
    expect(told).toEqual([expect.stringContaining('FreeDiskSpaceFailed: Failed to garbage collect required amount of images. Attempted to free 10 bytes, but only found 0 bytes eligible to free.') as string])
  })

  test('says that it failed each time there was too little, and from the second time on that it fails', async () => {
    const { told, collectAt } = place({ a: 3 })
    await collectAt(0)
    await collectAt(5)
    const words = (bytes: number, found: number): string => `Failed to garbage collect required amount of images. Attempted to free ${bytes} bytes, but only found ${found} bytes eligible to free.`
    expect(told).toEqual([`FreeDiskSpaceFailed: ${words(10, 0)}`, `FreeDiskSpaceFailed: ${words(10, 3)}`, `ImageGCFailed: ${words(10, 3)}`])
  })

  /** A disk that was full when the agent started stayed so for five minutes. */
  test('looks again soon when it found too little: what was in use may not be any more', async () => {
    const clock = new VirtualClock()
    const { images, collector } = place({ a: 50 }, clock)
    images.set('a', { ...plain, id: 'a', isUsed: true })
    const over = new AbortController()
    const running = collector.run(over.signal)
    await clock.advance(125_000)
    images.set('a', { ...plain, id: 'a' })
    await clock.advance(60_000)
    expect([...images.keys()]).toEqual([])
    over.abort()
    await clock.advance(0)
    await running
  })

  test('results of steps go many at once, longest unused first, and those that free nothing stay', async () => {
    const { images, calls, collectAt } = place({ shared: 50, old: 4, older: 4, new: 4, cache: 5, newest: 50 })
    const step = (id: string, usedMs: number, freesBytes?: number): void => void images.set(id, { ...plain, id, usedMs, ...(freesBytes === undefined ? {} : { freesBytes }) })
    step('shared', 0, 0)
    step('new', 3, 4)
    step('older', 1, 4)
    step('old', 2, 4)
    step('cache', 4)
    step('newest', 5, 50)
    expect(await collectAt(5)).toBe(12)
    expect(calls).toEqual(['older,old,new'])
    expect([...images.keys()]).toEqual(['shared', 'cache', 'newest'])
  })

  test('a disk without a size is said to be one', async () => {
    const { told, state, collectAt } = place({})
    state.capacityBytes = 0
    await collectAt(0)
    expect(told).toEqual(['InvalidDiskCapacity: invalid capacity 0 on image filesystem'])
  })
})
