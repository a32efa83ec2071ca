/** A lab for the tests of a file, none of which needs what another one made: after a try that failed there is a new one, so that the second try, and those after it, do not meet what it left. */
import { afterAll, beforeAll, beforeEach } from 'vitest'
import { failed, testLab, type LabOptions, type TestLab } from './harness.ts'

export interface LabOfTests extends LabOptions {
  readonly name: string
  /** Told of each lab as it is up: makes what all tests expect to find. */
  readonly prepare: (lab: TestLab) => Promise<void> | void
  /** Ends what `prepare` began and the lab stands on, before that goes. */
  readonly ending?: () => Promise<void>
  /** The same, once the lab is gone. */
  readonly over?: () => Promise<void> | void
}

/** To be called before other hooks, and not for tests that run side by side: one's second try would take the lab away under the others. */
export function labOfTests({ name, prepare, ending, over, ...options }: LabOfTests): void {
  let now: TestLab | undefined
  const close = async (): Promise<void> => {
    const gone = now
    if (gone === undefined) return
    now = undefined
    await ending?.()
    await gone[Symbol.asyncDispose]()
    await over?.()
  }
  const open = async (): Promise<void> => {
    now = await testLab(name, options)
    await prepare(now)
  }
  const openAnew = async (): Promise<void> => {
    await close()
    await open()
  }
  // As a test, a lab is tried twice.
  const openSurely = (): Promise<void> =>
    openAnew().catch((error: unknown) => {
      process.stdout.write(`lab ${name} is made once more: ${String(error)}\n`)
      return openAnew()
    })
  beforeAll(openSurely)
  afterFailure(openSurely)
  afterAll(close)
}

/** Done before whatever follows a try that failed, its own second one first of all. */
export function afterFailure(putRight: () => Promise<unknown>): void {
  let known = failed.tests
  beforeEach(async () => {
    if (failed.tests === known) return
    const now = failed.tests
    await putRight()
    known = now
  })
}
