import { describe, expect, test, vi } from 'vitest'
import type { Step } from '../../node-agent/pods/steps.ts'
import { allDeaths, differences, differencesAndStories, leftovers } from './agent/run.ts'
import { hurried, scenarios } from './agent/scenarios.ts'
import { stepsSeen } from './agent/watched-steps.ts'

/**
 * The agent is killed right before and right after each step of each plan, each call to the machine that changes something and each word to the control
 * plane, all found by running a scenario without any death first: a step or a call that is new is among them. What is found afterwards, on the machine
 * and in the statuses, is what that first run found.
 */

vi.mock('../../node-agent/pods/sync.ts', async (original) => (await import('./agent/watched-steps.ts')).watchedSteps(await original()))

const KINDS: Readonly<Record<Step['kind'], true>> = {
  'prepare-sandbox': true,
  'prepare-volumes': true,
  'ensure-image': true,
  'start-container': true,
  'post-start': true,
  'pre-stop': true,
  signal: true,
  'delete-container': true,
  'clean-up': true,
  resize: true,
  'stop-pod': true,
  'stop-container': true,
  'note-wait': true,
  'note-pull-wait': true,
  'note-resize': true,
  'note-restart-all': true,
  'note-all-down': true,
}

/** Longer than it takes to make and start a container. */
const SLOW_DISK_MS = 40

const inWords = (found: ReadonlyMap<string, readonly string[]>): readonly string[] => [...found].map(([what, deaths]) => `${what} (${deaths.length} deaths: ${deaths.slice(0, 3).join('; ')})`)

describe('an agent that is killed at any point leaves nothing half-done', { timeout: 1_200_000 }, () => {
  test.each(scenarios)('$name', async (scenario) => {
    expect(inWords(await allDeaths(scenario, { disk: { delayMs: 0, isFull: false }, judge: differencesAndStories }))).toEqual([])
  })

  test.each(scenarios)('$name, while what it notes is long on its way to the disk', async (scenario) => {
    expect(inWords(await allDeaths(scenario, { disk: { delayMs: SLOW_DISK_MS, isFull: false }, judge: differences }))).toEqual([])
  })

  /** Which image a container was made from, that its hook has failed, and what is left of those before a new start of all, is in no status. */
  const remembered = scenarios.filter(({ name }) => name !== 'another image' && name !== 'a hook that fails' && name !== 'a rule that restarts all')

  test.each(remembered)('$name, while nothing can be noted', async (scenario) => {
    const found = await allDeaths(scenario, { disk: { delayMs: 0, isFull: true }, judge: leftovers })
    // How a container ended that is deleted in the moment of the death is known to nobody then.
    expect(inWords(new Map([...found].filter(([what, deaths]) => deaths.length > 1 || !what.includes('not at its end'))))).toEqual([])
  })

  test.each(hurried)('$name', async (scenario) => {
    expect(inWords(await allDeaths(scenario, { disk: { delayMs: 0, isFull: false }, judge: leftovers }))).toEqual([])
  })

  test('every kind of step was among them', () => {
    expect([...stepsSeen].toSorted()).toEqual(Object.keys(KINDS).toSorted())
  })
})
