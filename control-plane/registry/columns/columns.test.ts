import { expect, test } from 'vitest'
import type { ContainerStatus, CSIDriver, Ingress, Pod } from '../../../shared/model/gen/api.ts'
import { ageSince, formatAge } from './age.ts'
import { formatLabels, formatLabelSelector } from './columns.ts'
import { ingressRow, ipAddressRow } from './networking.ts'
import { podRow } from './pod.ts'
import { csiDriverRow } from './storage.ts'

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
