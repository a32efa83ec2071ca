import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ContainerRuntime, ContainerSpec } from './port.ts'

/** One runtime under test: makes containers whose first process is `args`. */
export interface RuntimeHarness {
  readonly runtime: ContainerRuntime
  spec(id: string, args: readonly string[]): Promise<ContainerSpec>
  /** Opens a second runtime on the same containers, as an agent that was started again does. */
  reopen(): Promise<ContainerRuntime>
  close(): Promise<void>
}

/** How long something takes on a busy host is nowhere the question. */
const LIMIT_MS = 60_000

/** What every container runtime promises. */
export function runtimeContract(name: string, open: () => Promise<RuntimeHarness>): void {
  describe(`runtime: ${name}`, () => {
    let harness: RuntimeHarness
    let runtime: ContainerRuntime
    let count = 0
    const fresh = async (args: readonly string[]): Promise<string> => {
      const id = `c${++count}`
      expect(await runtime.create(await harness.spec(id, args))).toMatchObject({ kind: 'created' })
      return id
    }
    const exited = (id: string): Promise<void> =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(`no exit of ${id} within ${LIMIT_MS} ms`)), LIMIT_MS)
        const check = async (): Promise<void> => {
          if ((await runtime.state(id)).kind !== 'exited') return
          stop()
          clearTimeout(timer)
          resolve()
        }
        const stop = runtime.onExit((which) => void (which === id && check()))
        void check()
      })
    beforeAll(async () => {
      harness = await open()
      runtime = harness.runtime
    })
    afterAll(async () => {
      for (const id of await runtime.list()) await runtime.delete(id)
      await harness.close()
    })

    test('created, started, exits with its code, deleted', async () => {
      const id = await fresh(['sh', '-c', 'exit 3'])
      expect(await runtime.state(id)).toMatchObject({ kind: 'created' })
      expect(await runtime.start(id)).toMatchObject({ kind: 'started' })
      await exited(id)
      const state = await runtime.state(id)
      expect(state).toMatchObject({ kind: 'exited', exitCode: 3, oomKilled: false })
      expect(state.kind === 'exited' && state.finishedMs >= state.startedMs).toBe(true)
      await runtime.delete(id)
      expect(await runtime.state(id)).toEqual({ kind: 'unknown' })
      expect(await runtime.list()).not.toContain(id)
    })

    test('a container that runs is running; a signal ends it; its exit code is 128 + the signal', async () => {
      const id = await fresh(['sleep', '1000'])
      await runtime.start(id)
      expect(await runtime.state(id)).toMatchObject({ kind: 'running' })
      await runtime.kill(id, 9)
      await exited(id)
      expect(await runtime.state(id)).toMatchObject({ kind: 'exited', exitCode: 137 })
      await runtime.delete(id)
    })

    test('a handler of SIGTERM decides the exit code', async () => {
      const id = await fresh(['sh', '-c', 'trap "exit 5" TERM; while :; do sleep 0.05; done'])
      await runtime.start(id)
      const limit = performance.now() + LIMIT_MS
      // The shell needs a moment before its handler is in place; until then the first process ignores the signal.
      while ((await runtime.state(id)).kind === 'running' && performance.now() < limit) {
        await runtime.kill(id, 15)
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      expect(await runtime.state(id)).toMatchObject({ kind: 'exited', exitCode: 5 })
      await runtime.delete(id)
    })

    test('verbs may be repeated: start, kill of what has exited, delete of what is gone', async () => {
      const id = await fresh(['sleep', '1000'])
      await runtime.start(id)
      expect(await runtime.start(id)).toMatchObject({ kind: 'started' })
      await runtime.delete(id)
      await runtime.delete(id)
      await runtime.kill(id, 15)
    })

    test('a command that is not there is refused in words', async () => {
      const result = await runtime.create(await harness.spec('missing', ['nosuchcommand']))
      expect(result.kind).toBe('refused')
      expect(result.kind === 'refused' && result.message).toContain('exec: "nosuchcommand": executable file not found in $PATH')
      expect(await runtime.list()).not.toContain('missing')
    })

    test('after the agent was started again, a running container is found and its exit is seen', async () => {
      const id = await fresh(['sleep', '1000'])
      await runtime.start(id)
      const before = await runtime.state(id)
      const second = await harness.reopen()
      expect(await second.list()).toContain(id)
      expect(await second.state(id)).toEqual(before)
      const seen = new Promise<void>((resolve) => {
        second.onExit((which) => void (which === id && resolve()))
      })
      await second.kill(id, 9)
      await seen
      expect(await second.state(id)).toMatchObject({ kind: 'exited', exitCode: 137 })
      await second.delete(id)
    })

    test('exec: output, error output, exit code', async () => {
      const id = await fresh(['sleep', '1000'])
      await runtime.start(id)
      const process = await runtime.exec(id, { command: ['sh', '-c', 'echo out; echo err >&2; exit 3'], tty: false })
      process.closeStdin()
      expect(await Promise.all([text(process.stdout), text(process.stderr), process.exit])).toMatchObject(['out\n', 'err\n', { exitCode: 3 }])
      await runtime.delete(id)
    })
  })
}

/** All of a stream as text. */
export async function text(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
