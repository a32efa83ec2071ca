import { messageOf } from './faults.ts'

/** Owns promises: what it started is awaited at its end, and a failure reaches `onError` at once. */
export interface TaskGroup extends AsyncDisposable {
  /** Aborted when the group is disposed. */
  readonly signal: AbortSignal
  /** Starts `work`; a rejection after the abort is expected and dropped. */
  start(name: string, work: (signal: AbortSignal) => Promise<unknown>): void
}

/** @param onError told of each task that fails while the group lives. */
export function taskGroup(onError: (name: string, error: unknown) => void, parent?: AbortSignal): TaskGroup {
  const own = new AbortController()
  const signal = parent ? AbortSignal.any([parent, own.signal]) : own.signal
  const running = new Set<Promise<void>>()
  return {
    signal,
    start(name, work) {
      const task = (async () => {
        try {
          await work(signal)
        } catch (error) {
          if (!signal.aborted) onError(name, error)
        }
      })()
      running.add(task)
      void task.finally(() => running.delete(task))
    },
    async [Symbol.asyncDispose]() {
      own.abort(new Error('the task group has ended'))
      await Promise.all(running)
    },
  }
}

/** For composition roots: a task that fails takes the process down loudly, because somebody will start it again. */
export function failLoudly(name: string, error: unknown): void {
  process.stderr.write(`${name} failed: ${error instanceof Error && error.stack ? error.stack : messageOf(error)}\n`)
  process.exitCode = 1
  process.kill(process.pid, 'SIGTERM')
}
