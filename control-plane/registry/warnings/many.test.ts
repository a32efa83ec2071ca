import { expect, test } from 'vitest'
import type { PodSpec } from '../../../shared/model/gen/api.ts'
import { MAX_WARNINGS_LENGTH } from '../../../shared/model/warning-limits.ts'
import { podSpecWarnings } from './pod-spec.ts'

const MANY = 20_000
const times = <T>(make: (index: number) => T): readonly T[] => Array.from({ length: MANY }, (_, index) => make(index))

/** The warnings, and the seconds of processor time that they took. */
function warned(spec: object): { readonly warnings: readonly string[]; readonly seconds: number } {
  const before = process.cpuUsage()
  const warnings = podSpecWarnings({ containers: [], ...spec } as unknown as PodSpec, { prefix: '', meta: undefined })
  const { user, system } = process.cpuUsage(before)
  return { warnings, seconds: (user + system) / 1e6 }
}

const withPaths = (path: (index: number) => string): object => ({ volumes: [{ name: 'v', configMap: { name: 'm', items: times((index) => ({ key: 'k', path: path(index) })) } }] })
const withPorts = (port: (index: number) => object): object => ({ containers: [{ name: 'c', ports: times((index) => ({ containerPort: 1, protocol: 'TCP', ...port(index) })) }] })
const LIMIT_S = 5

test.each<readonly [string, object, number]>([
  ['the same path', withPaths(() => 'a'), 1],
  ['a folder last', withPaths((index) => (index < MANY - 1 ? `a/${index}` : 'a')), 16],
  ['the same folder, and other files below it, by turns', withPaths((index) => (index % 2 === 0 ? 'a' : `b/${index}`)), 1],
  ['paths that never meet', withPaths((index) => `a/${index}`), 0],
  ['one definition of a port', withPorts(() => ({})), 16],
  ['one port at many of the host', withPorts((index) => ({ hostPort: index + 1 })), 0],
  ['one port at many addresses', withPorts((index) => ({ hostPort: 1, hostIP: `10.0.${index >> 8}.${index & 255}` })), 0],
])('many files or ports are looked at in little time, and no more is told than a client can be: %s', (_, spec, least) => {
  const { warnings, seconds } = warned(spec)
  expect(warnings.length).toBeGreaterThanOrEqual(least)
  expect(warnings.join('').length).toBeLessThan(2 * MAX_WARNINGS_LENGTH)
  expect(seconds).toBeLessThan(LIMIT_S)
})

test('one path of very many folders is no trouble', () => {
  const { warnings, seconds } = warned({ volumes: [{ name: 'v', secret: { secretName: 's', items: [{ key: 'k', path: 'a/'.repeat(500_000) }, { key: 'k', path: 'b' }] } }] })
  expect(warnings).toEqual([])
  expect(seconds).toBeLessThan(LIMIT_S)
})

test('of very many variables and addresses each repeated one is told', () => {
  const { warnings, seconds } = warned({ containers: [{ name: 'c', env: times((index) => ({ name: `V${index}`, value: '' })).concat({ name: 'V7', value: '' }) }], hostAliases: times((index) => ({ ip: `10.0.${index >> 8}.${index & 255}` })).concat({ ip: '10.0.0.7' }) })
  expect(warnings).toEqual([`spec.hostAliases[${MANY}].ip: duplicate ip "10.0.0.7"`, `spec.containers[0].env[${MANY}]: hides previous definition of "V7", which may be dropped when using apply`])
  expect(seconds).toBeLessThan(LIMIT_S)
})
