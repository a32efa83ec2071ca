import type { PodRef, StreamFrame } from '../../../proto/gen/node/v1/session.ts'
import type { Duplex } from '../../session/port.ts'
import type { PodParts } from '../parts.ts'
import { containerRecord, containersOf, type PodContainer } from '../record.ts'
import type { PodWorker } from '../worker.ts'

/** What serving a stream needs. */
export interface StreamDoor {
  readonly parts: PodParts
  readonly findPod: (ref: PodRef) => Promise<PodWorker | undefined>
  readonly allPods: () => readonly PodWorker[]
}

export type Frames = Duplex<StreamFrame, StreamFrame>

/** The container a request names; a pod with one container needs no name. */
export function containerFor(worker: PodWorker, name: string): PodContainer | undefined {
  const all = containersOf(worker.pod)
  return name === '' ? all.find(({ kind }) => kind === 'main') : all.find(({ spec }) => spec.name === name)
}

/** The id of the container's attempt that runs. */
export function runningId(worker: PodWorker, name: string): string | undefined {
  const { now } = containerRecord(worker.record, name)
  return now.kind === 'running' ? now.id : undefined
}

/** Resolves when that attempt runs no more. */
export async function untilEnded(worker: PodWorker, name: string, id: string): Promise<void> {
  while (runningId(worker, name) === id) await worker.nextChange()
}
