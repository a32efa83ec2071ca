/** Mistakes that the simulation must find: each is one that people make, put into a copy of the sources. */
export interface Planted {
  readonly name: string
  readonly edits: ReadonlyArray<{ readonly file: string; readonly from: string; readonly to: string }>
  /** Where chance leads no cluster of 300 to it: the tests of the room, which must find it. */
  readonly tests?: string
}

const one = (name: string, file: string, [from, to]: readonly [from: string, to: string]): Planted => ({ name, edits: [{ file, from, to }] })
/** One that 300 seeds do not meet. */
const rare = (tests: string, mistake: Planted): Planted => ({ ...mistake, tests })

const TERMS = 'shared/model/fencing-terms.ts'
const RULES = 'shared/model/fencing.ts'
const LEADING = 'control-plane/heartbeats/leading.ts'
const TRACKER = 'control-plane/heartbeats/tracker.ts'
const KEEPER = 'node-agent/fencing/keeper.ts'

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
  one('the scheduler never looks again at a pod it could not bind', 'control-plane/scheduler/loop.ts', ['else if (isSame) this.#queue.parkFailed(key)', 'else this.#queue.remove(key)']),
  one('the scheduler ignores what fits', 'control-plane/scheduler/core/plugins/node-resources-fit.ts', ['filter: ({ requests }) => (node) => (fits(requests, node) ? undefined : refusal(requests, node))', 'filter: ({ requests }) => (node) => (fits(requests, node) || node.pods !== undefined ? undefined : refusal(requests, node))']),
  one('an agent does not take over what runs', 'node-agent/pods/adopt.ts', ["if (state.kind === 'running') return record", "if (state.kind === 'running' && now.startedMs < 0) return record"]),
  one('the end of a container is asked for once', 'node-agent/pods/worker.ts', ['void (this.#ended || this.containerExited(id))', 'void this.#ended']),
  one('nobody collects what no pod owns', 'node-agent/collector/collector.ts', ['if (owns(name)) continue', 'if (owns(name) || names.length > 0) continue']),
  one('a pod whose deletion was cut short stays', 'control-plane/apiserver/core/deletion.ts', [" || granted === 0) return { kind: 'at-once' }", ") return { kind: 'at-once' }"]),
  one('a node that was cut off stays unknown', 'control-plane/dispatch/node-upkeep.ts', ['if (this.#isWriting || (this.#isStored && !isUnknown)) return', 'if (this.#isWriting || this.#isStored || isUnknown) return']),
  one('endpoints count as ready for ever', 'control-plane/controllers/endpointslice/endpoints.ts', ['const serving = isReady(pod)', "const serving = isReady(pod) || pod.status?.phase === 'Running'"]),
  one('a write goes through whatever stands there', 'control-plane/storage/memory.ts', ['return current !== undefined && modRevisionOf(current.revision) === modRevisionOf(expect.revision)', 'return current !== undefined']),
  rare('node-agent/pods', one('a restarted agent counts restarts from nothing', 'node-agent/pods/adopt.ts', ['{ attempt: status.restartCount, now,', '{ attempt: 0, now,'])),

  // What fencing rests on (docs/adr/0005-fencing.md).
  one('staggered losses: a node says lost after S instead of S + V', TERMS, ['Math.ceil((seenMs + answerMs) * (1 + 2 * CLOCK_DRIFT))', 'seenMs - (0 * answerMs) / CLOCK_DRIFT']),
  one('one-way loss: every beat counts as an echo', LEADING, ['const echoedMs = speaker.ackSentMs(beat.echoedAck)', 'const echoedMs: number | undefined = nowMs']),
  one('a new leader fences right after its start', RULES, ['const endMs = Math.max(sentMs, clearSinceMs) + leaseMs', 'const endMs = sentMs + leaseMs']),
  one('two replicas ack: a leader acks though it is not certain that it leads', TRACKER, ['isCertain: () => clock.monotonicMs() < this.#limit.untilMs()', 'isCertain: () => this.#limit.untilMs() !== Number.NaN']),
  one('a hung agent: it kills by itself, and nobody else does', KEEPER, ['return Math.min(FAR_FUTURE_MS, right.untilMs - this.terms.killMs)', 'return FAR_FUTURE_MS']),
  one('a shrinking membership: an epoch is dropped before all have taken the next one over', RULES, ['return newest.members.every((name) => (ackedEpoch(name) ?? -1) >= newest.epoch) ? [newest] : inUse', 'return ackedEpoch.length > 5 ? inUse : [newest]']),
  one('a blind control plane judges', RULES, ["if (vision.blind || clearSinceMs === undefined) return { kind: 'undecided', vision }", "if (vision.of < 0) return { kind: 'undecided', vision }"]),
  one('a proof is worth no more than an answer', RULES, ['(provenMs(view) ?? Number.NEGATIVE_INFINITY) + leaseMs)', '(provenMs(view) ?? Number.NEGATIVE_INFINITY) + membership.terms.answerMs)']),
  one('a node that was alone with its lease has no proof', RULES, ['if (2 * lost <= of) return view.provenMs', 'if (lost <= of) return view.provenMs']),
  rare('node-agent/fencing', one('a leader takes away where peers are asked', KEEPER, ["peerAddress === '' ? (this.#addresses[name] ?? '') : peerAddress", 'peerAddress'])),
  one('containers are started without the right', 'node-agent/pods/right.ts', ['right.mayRun() ||', "right.right().kind !== 'none' ||"]),
  rare('control-plane/membership', one('a verdict is acted upon before it is stored', 'control-plane/membership/watch.ts', ['    const fenced = { evidence, atMs: clock.nowMs() }\n', "    const fenced = { evidence, atMs: clock.nowMs() }\n    this.#states.set(nodeName, { kind: 'fenced', ...fenced })\n    this.#tell(nodeName)\n"])),
  rare('control-plane/membership', one('a verdict that is stored late is undone by an admission', 'control-plane/membership/record.ts', ['if (judged && judged.atMs !== fencedAtMs) return record', 'if (judged && judged.atMs < 0) return record'])),
  rare('control-plane/dispatch', one('an agent that comes back is told at once what it shall run', 'control-plane/dispatch/session.ts', ['await this.#options.whenEvacuated(this.#over.signal)', ''])),
  one('another machine under a name is believed about pods that may still run on the first', 'control-plane/dispatch/session.ts', ['await this.#options.admissions.whenGrantsAreOver(this.nodeName, this.register.bootId, this.#over.signal)', '']),
  rare('control-plane/controllers/tainteviction', one('pods of a silent node are removed', 'control-plane/controllers/tainteviction/plan.ts', [" && !(life === 'silent' && AWAITS_VERDICT.has(key))", ' && AWAITS_VERDICT.size > 0'])),
  one('a deposed leader writes', 'control-plane/leading.ts', ['const client = createInProcessClient({ core: api.core, user, guard, signal })', 'const client = createInProcessClient({ core: api.core, user, signal })']),
  rare('control-plane/membership', one('memberships are stored by whoever once led', 'control-plane/membership/store.ts', ['guard: guard() }', '...(guard() ? {} : {}) }'])),
  rare('control-plane/election', one('a leadership is certain from when its renewal was answered', 'control-plane/election/leadership.ts', ['const untilMs = believedUntilMs(sent)', 'const untilMs = believedUntilMs({ ...sent, sentAtMs: this.#options.clock.monotonicMs() })'])),
  rare('control-plane/election', one('a renewal is written whatever stands there', 'control-plane/election/leadership.ts', ["expect: { kind: 'revision', revision }, guard", "expect: { kind: 'any' }, guard"])),
  rare('control-plane/election', one('a renewal promises less than the leader believes', 'control-plane/election/leadership.ts', ['Math.max(pace.leaseMs(), Math.ceil((this.#confirmedUntilMs - sentAtMs) / (1 - DRIFT)))', 'pace.leaseMs()'])),
  rare('control-plane/election', one('what a leader was promised is not waited for', 'control-plane/election/candidate.ts', ['Math.max(this.#options.ttlMs, parseRecord(entry)?.leaseMs ?? 0)', 'this.#options.ttlMs'])),
  rare('control-plane/election', one('a look is worth more than what is under way', 'control-plane/election/renewals.ts', ['Math.min(this.#leaseMs, ...this.#sent.map(({ leaseMs }) => leaseMs))', 'this.#leaseMs'])),
  rare('control-plane/dispatch', one('a node with a wrong clock dates in the future', 'control-plane/dispatch/merge-status.ts', ['Date.parse(lastTransitionTime) > nowMs', 'Date.parse(lastTransitionTime) < 0'])),
]
