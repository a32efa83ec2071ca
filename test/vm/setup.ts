/** Before each file of tests in the machine: waits that a test bounds for an ordinary host are bounded by as many times more as this one is slower. */
import { expect, vi } from 'vitest'
import { slowness } from '../../deploy/lab/patience.ts'

const poll = expect.poll
// Where nothing is said the configuration says it.
expect.poll = ((ask, options = {}) => poll(ask, options.timeout === undefined ? options : { ...options, timeout: options.timeout * slowness })) as typeof poll

/** What vitest takes where nothing is said. */
const USUAL_MS = 1_000
const waitFor = vi.waitFor
vi.waitFor = (check, options = {}) => {
  const { timeout = USUAL_MS, ...more } = typeof options === 'number' ? { timeout: options } : options
  return waitFor(check, { ...more, timeout: timeout * slowness })
}
