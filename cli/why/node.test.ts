import { expect, test } from 'vitest'
import type { EndpointSlice, Event, Node, Pod } from '../../shared/model/gen/api.ts'
import { formatMicroTime, formatTime, parseTime } from '../../shared/model/time.ts'
import { nodeText, stateText, type NodeStory } from './node-text.ts'
import { outagesOf } from './outages.ts'
import { replacementText, stopTexts } from './pod.ts'
import { lostPods } from './replacements.ts'

const at = (clock: string): number => parseTime(`2030-01-01T${clock}Z`) ?? Number.NaN
let sequence = 0
/** As the recorders of the control plane and of agents write it: whole seconds, the rest in the name. */
function event(clock: string, about: string, reason: string, more: { readonly message?: string; readonly host?: string } = {}): Event {
  const [kind = '', name = ''] = about.split('/')
  const ms = at(clock)
  const time = formatTime(ms)
  const namespaced = kind === 'Pod' || kind === 'ReplicaSet'
  return {
    metadata: { name: `${name}.${(BigInt(ms) * 1_000_000n + BigInt(sequence++)).toString(16)}`, namespace: 'default', creationTimestamp: time },
    involvedObject: { kind, name, ...(namespaced ? { namespace: 'default' } : {}) },
    reason,
    message: more.message ?? '',
    firstTimestamp: time,
    lastTimestamp: time,
    source: more.host === undefined ? {} : { component: 'kubelet', host: more.host },
  } as unknown as Event
}
const scheduled = (clock: string, pod: string, node: string): Event => ({ ...event(clock, `Pod/${pod}`, 'Scheduled', { message: `Successfully assigned default/${pod} to ${node}` }), eventTime: formatMicroTime(at(clock)), firstTimestamp: null, lastTimestamp: null }) as unknown as Event
const created = (clock: string, pod: string, set = 'web-5d'): Event => event(clock, `ReplicaSet/${set}`, 'SuccessfulCreate', { message: `Created pod: ${pod}` })
const evicted = (clock: string, pod: string): Event => event(clock, `Pod/${pod}`, 'TaintManagerEviction', { message: `Marking for deletion Pod default/${pod}` })

const FENCED = 'n2: no heartbeat for 1.2 s; 2 of 3 members seen; fenced at 17:50:01.123'
const EVENTS: readonly Event[] = [
  created('17:00:00.000', 'web-5d-a'),
  scheduled('17:00:00.100', 'web-5d-a', 'n2'),
  scheduled('17:00:00.200', 'web-5d-z', 'n1'),
  event('17:50:00.323', 'Node/n2', 'NodeSilent', { message: 'n2: no heartbeat for 400 ms' }),
  event('17:50:01.125', 'Node/n2', 'NodeFenced', { message: FENCED }),
  evicted('17:50:01.130', 'web-5d-a'),
  evicted('17:50:01.131', 'web-5d-b'),
  evicted('17:50:01.132', 'web-5d-z'),
  created('17:50:01.200', 'web-5d-c'),
  created('17:50:01.201', 'web-5d-d'),
  scheduled('17:50:01.210', 'web-5d-c', 'n3'),
  event('17:50:01.500', 'Pod/web-5d-c', 'Started', { host: 'n3' }),
  event('17:50:02.025', 'Node/n2', 'PodsReplaced', { message: '2 pods replaced in 0.9 s' }),
]
const node = (ready: string, more: { readonly message?: string; readonly taints?: readonly object[]; readonly since?: string } = {}): Node =>
  ({ metadata: { name: 'n2' }, spec: { taints: more.taints ?? [] }, status: { conditions: [{ type: 'Ready', status: ready, reason: 'R', message: more.message ?? '', lastTransitionTime: `2030-01-01T${more.since ?? '17:50:01'}Z` }] } }) as unknown as Node
const GIVEN_UP = node('Unknown', { message: FENCED, taints: [{ key: 'node.kubernetes.io/out-of-service', value: 'nodeshutdown', effect: 'NoExecute', timeAdded: '2030-01-01T17:50:01Z' }] })
const PODS = [{ metadata: { namespace: 'default', name: 'web-5d-c', uid: 'c' }, spec: { nodeName: 'n3' }, status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2030-01-01T17:50:02Z' }] } }] as unknown as readonly Pod[]
const SLICES = [{ metadata: { labels: { 'kubernetes.io/service-name': 'web' } }, endpoints: [{ targetRef: { uid: 'c' }, conditions: { ready: true } }] }] as unknown as readonly EndpointSlice[]

const story = (of: Node | undefined, events: readonly Event[], more: Partial<NodeStory> = {}): NodeStory => ({ name: 'n2', node: of, sight: { kind: 'unknown' }, outages: outagesOf('n2', events, of), events, pods: PODS, slices: SLICES, nowMs: at('17:51:00.000'), ...more })

test('an outage that goes on: from the last heartbeat to what stands in place of each pod', () => {
  expect(nodeText(story(GIVEN_UP, EVENTS))).toBe(`Node n2 is given up: ${FENCED.replace('n2: ', '')}.

TIME (UTC)     AFTER      WHAT
17:49:59.923   +0.000 s   last heartbeat of n2
17:50:00.323   +0.400 s   NodeSilent: n2: no heartbeat for 400 ms
17:50:01.125   +1.202 s   NodeFenced: ${FENCED}
17:50:01.125   +1.202 s   taint node.kubernetes.io/out-of-service=nodeshutdown:NoExecute
17:50:02.025   +2.102 s   PodsReplaced: 2 pods replaced in 0.9 s

POD                REMOVED    REPLACED BY   NODE   CREATED    BOUND      STARTED    READY      SERVICES
default/web-5d-a   +1.207 s   web-5d-c      n3     +1.277 s   +1.287 s   +1.577 s   17:50:02   web
default/web-5d-b   +1.208 s   web-5d-d      -      +1.278 s   -          -          -          -

1 pod started elsewhere 1.6 s after the last heartbeat, 375 ms after the verdict; 1 not yet.
`)
})

test('a node that is back: what its own fencer did, the admission; an earlier outage in a line', () => {
  const back = [...EVENTS, event('17:50:40.000', 'Node/n2', 'PodsStopped', { message: "n2: 2 pods stopped at 17:50:01.020, 103 ms before the lease's end" }), event('17:50:40.100', 'Node/n2', 'NodeAdmitted', { message: 'n2 is back' }), event('17:50:30.000', 'Lease/leader', 'LeaderElected', { message: 'b leads' })]
  const text = nodeText(story(node('True', { since: '17:50:40' }), [...back, event('17:50:55.000', 'Node/n2', 'NodeRebooted', { message: 'n2: booted anew' })], { sight: { kind: 'seen', lastSeenMs: at('17:50:59.960') } }))
  expect(text).toContain('Node n2 is Ready: seen 40 ms ago, Ready for 20 s.\n')
  expect(text).toContain('17:50:55.000   +0.000 s   NodeRebooted: n2: booted anew\n')
  expect(text).toContain(`Before that, in the last hour:\n  17:49:59.923 NodeFenced: ${FENCED}; back after 40 s\n`)
  expect(outagesOf('n2', back, node('True')).map(({ moments }) => moments.map(({ what }) => what.split(':')[0]))).toEqual([['last heartbeat of n2', 'NodeSilent', 'PodsStopped', 'NodeFenced', 'PodsReplaced', 'LeaderElected', 'NodeAdmitted']])
})

test('a node to which nothing happened, one that is not judged, one that is not there any more', () => {
  expect(nodeText(story(node('True', { since: '17:00:00' }), [], { sight: { kind: 'seen', lastSeenMs: at('17:50:59.960') } }))).toBe('Node n2 is Ready: seen 40 ms ago, Ready for 51 min.\n\nNothing that could have stopped its pods happened to it in the last hour.\n')
  expect(stateText(story(node('Unknown'), [], { sight: { kind: 'silent', lastSeenMs: at('17:50:50.000'), undecided: { seen: 1, of: 3 } } }))).toBe('Node n2 is silent since 10 s, and not judged: only 1 of 3 members are seen. If it is dead, say so: gantry node confirm-dead n2.')
  expect(stateText(story(undefined, []))).toBe('Node n2 is not registered.')
  expect(stateText(story({ ...node('True'), spec: { unschedulable: true } }, []))).toContain('(cordoned)')
})

test('where nobody told the end, the condition does; where nobody told the heartbeat, the first word counts', () => {
  const [outage] = outagesOf('n2', [event('17:50:01.125', 'Node/n2', 'NodeNotReady')], node('True', { since: '17:50:30' }))
  expect(outage).toMatchObject({ startMs: at('17:50:01.125'), isHeartbeat: false, verdictMs: at('17:50:01.125'), endMs: at('17:50:30.000') })
  expect(outage?.moments.at(-1)?.what).toBe('n2 is Ready again')
})

test('pods of other nodes and of other sets are not mixed up', () => {
  const events = [...EVENTS.filter(({ reason }) => reason !== 'SuccessfulCreate'), created('17:50:01.190', 'db-7-x', 'db-7'), created('17:50:01.200', 'web-5d-c')]
  const [outage] = outagesOf('n2', events, GIVEN_UP)
  expect(outage && lostPods('n2', outage, { events, pods: [], slices: [] }).map(({ name, successor }) => [name, successor?.name])).toEqual([['web-5d-a', 'web-5d-c'], ['web-5d-b', undefined]])
})

test('where the events of makers are combined, pods and the scheduler tell what was made', () => {
  const events = [...EVENTS.filter(({ message }) => message !== 'Created pod: web-5d-c'), event('17:50:01.200', 'ReplicaSet/web-5d', 'SuccessfulCreate', { message: '(combined from similar events): Created pod: web-5d-q' })]
  const pods = [{ ...PODS[0], metadata: { ...PODS[0]?.metadata, creationTimestamp: '2030-01-01T17:50:01Z', ownerReferences: [{ kind: 'ReplicaSet', name: 'web-5d', controller: true }] } }] as unknown as readonly Pod[]
  const [outage] = outagesOf('n2', events, GIVEN_UP)
  expect(outage && lostPods('n2', outage, { events, pods, slices: [] }).map(({ successor }) => [successor?.name, successor?.createdMs, successor?.boundMs])).toEqual([['web-5d-d', at('17:50:01.201'), undefined], ['web-5d-c', undefined, at('17:50:01.210')]])
})

test('who removed a pod may have said from where', () => {
  const from = (name: string): readonly Event[] => EVENTS.map((one) => (one.involvedObject.name === 'web-5d-b' ? { ...one, related: { kind: 'Node', name } } : one))
  const lost = (events: readonly Event[]): readonly string[] => outagesOf('n2', events, GIVEN_UP).flatMap((outage) => lostPods('n2', outage, { events, pods: [], slices: [] }).map(({ name }) => name))
  expect([lost(from('n2')), lost(from('n9'))]).toEqual([['web-5d-a', 'web-5d-b'], ['web-5d-a']])
})

test('a pod knows whom it replaces, and that its node stopped it', () => {
  expect(replacementText({ namespace: 'default', name: 'web-5d-c' }, { events: EVENTS, pods: [], nodes: [] })).toBe(`It replaces pod web-5d-a, which was on node n2 when that was lost at 17:49:59.923 UTC (NodeFenced: ${FENCED}). "gantry why node/n2" tells it step by step.`)
  expect(replacementText({ namespace: 'default', name: 'web-5d-a' }, { events: EVENTS, pods: [], nodes: [] })).toBeUndefined()
  expect(stopTexts('p', { pod: undefined, events: [event('17:50:01.020', 'Pod/p', 'PodsStopped', { message: 'the lease of n2 ended' })] })).toEqual(['At 17:50:01.020 UTC PodsStopped: the lease of n2 ended'])
})
