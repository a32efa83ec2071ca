import { expect, test } from 'vitest'
import { sameButTimeline, START_TIMELINE, startSteps, withoutTimeline } from './start-timeline.ts'

test('each part of a start and how long it took; three of them side by side', () => {
  expect(startSteps({ seenMs: 1007, image: 3, network: 20, volumes: 5, created: 50, started: 52, ready: 60 }, { queuedMs: 1000, boundMs: 1004 })).toEqual([
    { step: 'queued', ms: 4 },
    { step: 'bound', ms: 3 },
    { step: 'image', ms: 3 },
    { step: 'network', ms: 20 },
    { step: 'volumes', ms: 5 },
    { step: 'created', ms: 30 },
    { step: 'started', ms: 2 },
    { step: 'ready', ms: 8 },
  ])
})

test('what did not happen, or was not seen, is left out; clocks that differ make no time negative', () => {
  expect(startSteps({ seenMs: 900, image: 3 }, { boundMs: 1004 })).toEqual([{ step: 'bound', ms: 0 }, { step: 'image', ms: 3 }])
})

test('a pod’s own annotations are told apart from it', () => {
  expect(withoutTimeline({ a: 'b', [START_TIMELINE]: '[]' })).toEqual({ a: 'b' })
  expect(sameButTimeline({ [START_TIMELINE]: '[]' }, undefined)).toBe(true)
  expect(sameButTimeline({ a: 'b', [START_TIMELINE]: '[]' }, { a: 'c' })).toBe(false)
})
