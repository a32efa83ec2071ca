/** The door between the session (what is assigned, what is reported) and the pod workers. */
import type { Pod, PodStatus } from '../../shared/model/gen/api.ts'
import type { NodeTimeline } from '../../shared/model/start-timeline.ts'
import type { OpenStream, StreamFrame } from '../../proto/gen/node/v1/session.ts'
import type { Duplex } from '../session/port.ts'

/** What a pod may be made from, or wait for. */
export type SourceKind = 'ConfigMap' | 'Secret' | 'PersistentVolumeClaim' | 'PersistentVolume'

export interface PodStatusReport {
  readonly pod: Pod
  readonly status: PodStatus
  /** Everything of the pod is gone from this node. */
  readonly removed: boolean
  /** Once a main container has started. */
  readonly timeline?: NodeTimeline | undefined
}

/** What one node's pod workers tell the outside; calls must not throw and not block. */
export interface PodReporter {
  report(report: PodStatusReport): void
  /** An event on the pod (or, with `containerName`, on that container's field path). */
  event(pod: Pod, event: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string; readonly containerName?: string | undefined; readonly annotations?: Readonly<Record<string, string>> | undefined }): void
}

export interface PodWorkers {
  /**
   * The pods assigned now, all of them: what is no more in it is stopped and removed (its object is gone). Called at each COMPLETE. `onClear` is called once,
   * when nothing is left of what is not in it, unless the next COMPLETE comes before.
   */
  setAll(pods: readonly Pod[], onClear?: () => void): void
  /** One pod is new or changed; `metadata.deletionTimestamp` set means: terminate it with its grace, then report `removed`. */
  update(pod: Pod): void
  /** The object is gone: stop what is left, at once. */
  remove(key: string, uid: string): void
  /** A ConfigMap or Secret changed: pods that mount it are brought up to date. A claim or volume: pods that wait for it look again. */
  sourcesChanged(kind: SourceKind, key: string): void
  /** Images came or went: pods that wait for one look again. */
  imagesChanged(): void
  /** Serves logs, exec, attach, port-forward and stats over frames; resolves when the stream has ended. */
  serveStream(request: OpenStream, stream: Duplex<StreamFrame, StreamFrame>): Promise<void>
  /** Runs until the signal aborts; containers keep running. */
  run(signal: AbortSignal): Promise<void>
  /** Newest status of each pod, for a COMPLETE report after a reconnect. */
  statuses(): readonly PodStatusReport[]
}
