import type { DeadlineStore, KeeperState } from './port.ts'

/** What a machine keeps in memory for its fencer: outlives the agent, not the boot. */
export interface FakeDeadlines extends DeadlineStore {
  readonly killAtMs: number | undefined
  readonly exempt: readonly string[]
}

/** @param onChange called after each change, for a simulated fencer. */
export function fakeDeadlines(onChange: () => void = () => {}): FakeDeadlines {
  let killAtMs: number | undefined
  let exempt: readonly string[] = []
  let state: KeeperState | undefined
  return {
    get killAtMs() {
      return killAtMs
    },
    get exempt() {
      return exempt
    },
    setDeadline(ms) {
      killAtMs = ms
      onChange()
    },
    setExempt(uids) {
      exempt = uids
      onChange()
    },
    setState: (next) => void (state = next),
    read: () => ({ killAtMs, state }),
  }
}
