/** Documents made in a thread of their own, which lives for as long as that takes: nobody else waits meanwhile, and no memory is kept. */
import { Worker } from 'node:worker_threads'
import { Fault } from '../../../shared/kit/faults.ts'
import type { Maker, Wanted } from './making.ts'
import type { Packed } from './packed.ts'

/** Beside this file, compiled or not. */
const entry = (): URL => (import.meta.url.endsWith('.ts') ? new URL('thread.ts', import.meta.url) : new URL('control-plane-documents.bundle.mjs', import.meta.url))

export const makeInThread: Maker = (wanted) => {
  const done = Promise.withResolvers<readonly Packed[]>()
  const worker = new Worker(entry(), { name: 'documents', workerData: wanted satisfies Wanted, execArgv: ['--disable-warning=ExperimentalWarning'] })
  worker.once('message', (made: ReadonlyArray<{ readonly bytes: Uint8Array; readonly hash: string }>) => done.resolve(made.map(({ bytes, hash }) => ({ bytes: Buffer.from(bytes), hash }))))
  worker.once('error', (cause) => done.reject(new Fault('unavailable', 'the documents of the API could not be made', { cause })))
  worker.once('exit', () => done.reject(new Fault('unavailable', 'the thread that makes the documents of the API ended')))
  worker.unref()
  return done.promise
}
