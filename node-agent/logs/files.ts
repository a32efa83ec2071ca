import { rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../../shared/kit/clock.ts'
import { unlessMissing } from '../host/errno.ts'
import type { LogChunk, LogFiles, LogQuery } from './port.ts'
import { readLog, type ReadUntil } from './reader.ts'
import { rotateLog, rotatedFiles } from './rotate.ts'

/** Logs on disk. */
export function hostLogFiles(clock: Clock): LogFiles {
  return {
    read: (path: string, query: LogQuery, until: ReadUntil): AsyncIterable<LogChunk> => readLog(path, query, until),
    size: async (path) => (await unlessMissing(stat(path)))?.size ?? 0,
    async tail(path, { lines, bytes }) {
      const never = new AbortController().signal
      const chunks: Uint8Array[] = []
      for await (const chunk of readLog(path, { follow: false, tailLines: lines, timestamps: false, stream: 'All' }, { ended: Promise.resolve(), signal: never })) chunks.push(chunk.bytes)
      const all = Buffer.concat(chunks)
      return all.subarray(Math.max(0, all.byteLength - bytes)).toString('utf8')
    },
    rotate: (path, limits) => rotateLog(path, limits, clock.nowMs()),
    async remove(path) {
      for (const name of await rotatedFiles(path)) await rm(join(dirname(path), name), { force: true })
      await rm(path, { recursive: true, force: true })
    },
  }
}
