/** Mistakes that the simulation must find: each is one that people make, put into a copy of the sources. */
export interface Planted {
  readonly name: string
  readonly edits: ReadonlyArray<{ readonly file: string; readonly from: string; readonly to: string }>
}

const one = (name: string, file: string, [from, to]: readonly [from: string, to: string]): Planted => ({ name, edits: [{ file, from, to }] })

export const planted: readonly Planted[] = [
  {
    name: 'an incremental message is lost, and the agent does not check the chain',
    edits: [
      { file: 'node-agent/session/assignment-store.ts', from: 'if (!complete && message.appliesTo !== this.#last)', to: 'if (false as boolean)' },
      { file: 'control-plane/dispatch/session.ts', from: 'const changes = first ? this.#assignments.complete() : this.#assignments.changes()', to: 'const changes = first ? this.#assignments.complete() : this.#assignments.changes().filter(() => this.#chain % 7 !== 3)' },
    ],
  },
  one('one status message in seven is forgotten', 'node-agent/session/outbox.ts', ['if (reports.length > 0) send(', 'if (reports.length > 0 && Math.floor(this.#clock.nowMs()) % 7 !== 3) send(']),
  one('a controller forgets a key after an error', 'control-plane/controllers/runner.ts', ['queue.retry(key)', 'queue.forget(key)']),
  one('a status that could not be written is not written again', 'control-plane/dispatch/status-intake.ts', ['this.#queue.retry(key)', 'this.#newest.delete(key)']),
  one('an informer goes on watching where the history is gone', 'control-plane/informers/informer.ts', ['if (isGone(error)) isListed = false', '']),
  one('the scheduler never looks again at a pod it could not bind', 'control-plane/scheduler/loop.ts', ['else this.#queue.parkFailed(key)', 'else this.#queue.remove(key)']),
  one('the scheduler ignores what fits', 'control-plane/scheduler/core/plugins/node-resources-fit.ts', ['filter: ({ requests }) => (node) => (fits(requests, node) ? undefined : refusal(requests, node))', 'filter: ({ requests }) => (node) => (fits(requests, node) || node.pods !== undefined ? undefined : refusal(requests, node))']),
  one('an agent does not take over what runs', 'node-agent/pods/adopt.ts', ["if (state.kind === 'running') return now.hook", "if (state.kind === 'running' && now.startedMs < 0) return now.hook"]),
  one('the end of a container is asked for once', 'node-agent/pods/worker.ts', ['void (this.#ended || this.containerExited(id))', 'void this.#ended']),
  one('nobody collects what no pod owns', 'node-agent/collector/collector.ts', ['if (owns(name)) continue', 'if (owns(name) || names.length > 0) continue']),
  one('a pod whose deletion was cut short stays', 'control-plane/apiserver/core/deletion.ts', [" || granted === 0) return { kind: 'at-once' }", ") return { kind: 'at-once' }"]),
  one('a node that was cut off stays unknown', 'control-plane/dispatch/session.ts', ['if (this.#isNodeWriting || (this.#isNodeStored && !isUnknown)) return', 'if (this.#isNodeWriting || this.#isNodeStored || isUnknown) return']),
  one('endpoints count as ready for ever', 'control-plane/controllers/endpointslice/endpoints.ts', ['const serving = isReady(pod)', "const serving = isReady(pod) || pod.status?.phase === 'Running'"]),
  one('a write goes through whatever stands there', 'control-plane/storage/memory.ts', ['return current !== undefined && modRevisionOf(current.revision) === modRevisionOf(expect.revision)', 'return current !== undefined']),
  one('a restarted agent counts restarts from nothing', 'node-agent/pods/adopt.ts', ['{ attempt: status.restartCount, now,', '{ attempt: 0, now,']),
]
