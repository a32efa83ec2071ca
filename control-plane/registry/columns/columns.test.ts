import { expect, test } from 'vitest'
import type { ContainerStatus, CSIDriver, Event, Ingress, MetricSpec, MetricStatus, MetricTarget, MetricValueStatus, ObjectMeta, Pod } from '../../../shared/model/gen/api.ts'
import { ageSince, formatAge } from './age.ts'
import { autoscalerRow } from './autoscaler.ts'
import { formatLabels, formatLabelSelector } from './columns.ts'
import { eventRow } from './event.ts'
import { ingressClassRow, ingressRow, ipAddressRow } from './networking.ts'
import { podRow } from './pod.ts'
import { resourceQuotaRow } from './policy.ts'
import { csiDriverRow, volumeAttributesClassRow } from './storage.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

test.each([
  [0, '0s'],
  [-500, '0s'],
  [-5 * SECOND, '<invalid>'],
  [119 * SECOND, '119s'],
  [120 * SECOND, '2m'],
  [2 * MINUTE + 5 * SECOND, '2m5s'],
  [10 * MINUTE + 5 * SECOND, '10m'],
  [179 * MINUTE, '179m'],
  [3 * HOUR, '3h'],
  [3 * HOUR + 7 * MINUTE, '3h7m'],
  [8 * HOUR + 7 * MINUTE, '8h'],
  [47 * HOUR, '47h'],
  [2 * DAY, '2d'],
  [2 * DAY + 3 * HOUR, '2d3h'],
  [8 * DAY + 3 * HOUR, '8d'],
  [729 * DAY, '729d'],
  [2 * 365 * DAY, '2y'],
  [2 * 365 * DAY + DAY, '2y1d'],
  [8 * 365 * DAY + DAY, '8y'],
])('%d ms are %s', (durationMs, shown) => {
  expect(formatAge(durationMs)).toBe(shown)
})

test('an age without a beginning is unknown', () => {
  expect(ageSince(undefined, 0)).toBe('<unknown>')
})

test('selectors and labels are shown in order', () => {
  expect(formatLabels({ b: '2', a: '1' })).toBe('a=1,b=2')
  expect(formatLabels({})).toBe('<none>')
  expect(formatLabelSelector({ matchLabels: { b: 'x' }, matchExpressions: [{ key: 'a', operator: 'In', values: ['2', '1'] }, { key: 'c', operator: 'DoesNotExist' }] })).toBe('a in (1,2),b=x,!c')
})

const NOW = Date.parse('2026-01-02T04:00:00Z')

const status = (name: string, part: Partial<ContainerStatus>): ContainerStatus => ({ name, image: 'i', imageID: '', ready: false, restartCount: 0, ...part })

function pod(part: Partial<Pod>): Pod {
  return { metadata: { name: 'p', creationTimestamp: '2026-01-02T03:00:00Z', ...part.metadata }, spec: { containers: [{ name: 'a' }], ...part.spec }, status: { phase: 'Running', ...part.status } }
}

const shown = (part: Partial<Pod>): readonly string[] => podRow(pod(part), NOW).slice(1, 5)

test('a restart says when it was', () => {
  const ended = { exitCode: 1, finishedAt: '2026-01-02T03:55:00Z' }
  expect(shown({ status: { containerStatuses: [status('a', { ready: true, restartCount: 2, state: { running: {} }, lastState: { terminated: ended } })] } })).toEqual(['1/1', 'Running', '2 (5m ago)', '60m'])
})

test('an init container that failed is told before the rest', () => {
  const spec = { containers: [{ name: 'a' }], initContainers: [{ name: 'i' }, { name: 'j' }] }
  expect(shown({ spec, status: { phase: 'Pending', initContainerStatuses: [status('i', { state: { terminated: { exitCode: 0 } } }), status('j', { state: { terminated: { exitCode: 3 } } })] } })[1]).toBe('Init:ExitCode:3')
  expect(shown({ spec, status: { phase: 'Pending', initContainerStatuses: [status('i', { state: { terminated: { exitCode: 0 } } }), status('j', { state: { waiting: { reason: 'PodInitializing' } } })] } })[1]).toBe('Init:1/2')
  expect(shown({ spec, status: { phase: 'Pending', initContainerStatuses: [status('i', { state: { waiting: { reason: 'CrashLoopBackOff' } } })] } })[1]).toBe('Init:CrashLoopBackOff')
})

test('a sidecar counts as a container', () => {
  const spec = { containers: [{ name: 'a' }], initContainers: [{ name: 's', restartPolicy: 'Always' }] }
  const statuses = { initContainerStatuses: [status('s', { ready: true, started: true, restartCount: 1, state: { running: {} } })], containerStatuses: [status('a', { ready: true, state: { running: {} } })] }
  expect(shown({ spec, status: statuses }).slice(0, 3)).toEqual(['2/2', 'Running', '1'])
})

test('a pod that goes says so until it has ended', () => {
  const metadata = { deletionTimestamp: '2026-01-02T03:59:00Z' }
  expect(shown({ metadata })[1]).toBe('Terminating')
  expect(shown({ metadata, status: { phase: 'Succeeded' } })[1]).toBe('Succeeded')
  expect(shown({ metadata, status: { reason: 'NodeLost' } })[1]).toBe('Unknown')
})

test('a container that ended beside one that runs leaves the pod running', () => {
  const statuses = [status('a', { state: { terminated: { exitCode: 0, reason: 'Completed' } } }), status('b', { ready: true, state: { running: {} } })]
  expect(shown({ status: { containerStatuses: statuses, conditions: [{ type: 'Ready', status: 'True' }] } })[1]).toBe('Running')
  expect(shown({ status: { containerStatuses: statuses } })[1]).toBe('NotReady')
})

test('an ingress shows three hosts and how many rules there are besides, each address once', () => {
  const shown = (hosts: readonly string[], ips: readonly string[] = []): readonly string[] =>
    ingressRow({ metadata: { name: 'i' }, spec: { rules: hosts.map((host) => (host === '' ? {} : { host })) }, status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } } } satisfies Ingress, 0).slice(2, 4)
  expect(shown(['a', 'b', 'c'], ['9.9.9.9', '1.1.1.1', '9.9.9.9'])).toEqual(['a,b,c', '1.1.1.1,9.9.9.9'])
  expect(shown(['a', '', 'b', 'c', ''])[0]).toBe('a,b,c + 2 more...')
  expect(shown(['a', '', '', '', 'b'])[0]).toBe('a,b')
})

test('whose an address is stands in small letters', () => {
  expect(ipAddressRow({ metadata: { name: '10.0.0.1' }, spec: { parentRef: { group: 'G.example', resource: 'Things', namespace: 'N', name: 'T' } } }, 0)[1]).toBe('things.g.example/N/T')
})

test('a token for nobody in particular is one', () => {
  const driver = (tokenRequests?: CSIDriver['spec']['tokenRequests']): unknown => csiDriverRow({ metadata: { name: 'd' }, spec: { ...(tokenRequests && { tokenRequests }) } }, 0)[4]
  expect([driver(), driver([{ audience: '' }]), driver([{ audience: '' }, { audience: 'b' }])]).toEqual(['<unset>', '', ',b'])
})

test('classes that are the default are marked', () => {
  const marked = (annotation: string): ObjectMeta => ({ name: 'c', annotations: { [annotation]: 'true' } })
  expect(ingressClassRow({ metadata: marked('ingressclass.kubernetes.io/is-default-class') }, 0)[0]).toBe('c (default)')
  expect(ingressClassRow({ metadata: { name: 'c', annotations: { 'ingressclass.kubernetes.io/is-default-class': 'false' } } }, 0)[0]).toBe('c')
  expect(volumeAttributesClassRow({ metadata: marked('volumeattributesclass.alpha.kubernetes.io/is-default-class'), driverName: 'd' }, 0)[0]).toBe('c (default)')
})

test('limits of a quota are those whose names begin so', () => {
  const hard = { 'limits.cpu': '2', 'count/limits.example.com': '1', pods: '3' }
  expect(resourceQuotaRow({ metadata: { name: 'q' }, status: { hard, used: { pods: '1' } } }, 0).slice(1, 3)).toEqual(['count/limits.example.com: 0/1, pods: 1/3', 'limits.cpu: 0/2'])
})

test('of a series its own count and time are shown', () => {
  const event = { metadata: { name: 'e', namespace: 'x' }, involvedObject: { kind: 'Pod', name: 'p' }, count: 5, firstTimestamp: '2026-01-02T03:00:00Z', lastTimestamp: '2026-01-02T03:50:00Z' }
  const cells = (more: Partial<Event>): readonly unknown[] => [eventRow({ ...event, ...more }, NOW)[0], eventRow({ ...event, ...more }, NOW)[8]]
  expect(cells({})).toEqual(['10m', 5])
  expect(cells({ series: { count: 7, lastObservedTime: '2026-01-02T03:55:00.000000Z' } })).toEqual(['5m', 7])
  expect(cells({ series: {} })).toEqual(['<unknown>', 0])
})

test('what an autoscaler’s status leaves out is nothing, what it has no status for is unknown', () => {
  const targets = (metric: MetricSpec, status?: MetricStatus): unknown =>
    autoscalerRow({ metadata: { name: 'h' }, spec: { maxReplicas: 1, scaleTargetRef: { kind: 'Deployment', name: 'd' }, metrics: [metric] }, status: { desiredReplicas: 0, currentMetrics: status ? [status] : [] } }, 0)[2]
  const external = (target: MetricTarget): MetricSpec => ({ type: 'External', external: { metric: { name: 'm' }, target } })
  const seen = (current: MetricValueStatus): MetricStatus => ({ type: 'External', external: { metric: { name: 'm' }, current } })
  expect(targets(external({ type: 'Value', value: '5' }))).toBe('<unknown>/5')
  expect(targets(external({ type: 'Value', value: '5' }), seen({ averageValue: '1' }))).toBe('<nil>/5')
  expect(targets(external({ type: 'AverageValue', averageValue: '5' }), seen({ value: '1' }))).toBe('<unknown>/5 (avg)')
  const resource: MetricSpec = { type: 'Resource', resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '1' } } }
  expect(targets(resource, { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 3 } } })).toBe('cpu: <nil>/1')
  const pods: MetricSpec = { type: 'Pods', pods: { metric: { name: 'm' }, target: { type: 'AverageValue', averageValue: '1' } } }
  expect(targets(pods, { type: 'Pods', pods: { metric: { name: 'm' }, current: {} } })).toBe('<nil>/1')
})
