import { expect, test } from 'vitest'
import { parseAgentConfig } from './config.ts'

const parsed = (more: object): ReturnType<typeof parseAgentConfig> => parseAgentConfig(JSON.stringify({ nodeName: 'n1', server: 'https://10.0.0.2:6443', address: '10.0.0.11', ...more }), 'the file')

test('agents of one host have cgroups of their own, by their names', () => {
  expect(parsed({}).cgroup).toBe('gantry/node.n1')
  expect(parsed({ nodeName: 'n2.example' }).cgroup).toBe('gantry/node.n2.example')
  expect(parsed({ cgroup: 'gantry/lab/n1' }).cgroup).toBe('gantry/lab/n1')
})

test('a pod has no bound of processes of its own unless the settings say so', () => {
  expect([parsed({}).podPidsLimit, parsed({ podPidsLimit: 100 }).podPidsLimit]).toEqual([-1, 100])
  for (const podPidsLimit of [0, -2, 1.5, '100']) expect(() => parsed({ podPidsLimit }), String(podPidsLimit)).toThrow(/^the file: podPidsLimit: .* is no number of processes/)
})

test('several control planes are a list, or one text with commas', () => {
  expect(parsed({}).server).toEqual(['https://10.0.0.2:6443'])
  expect(parsed({ server: 'https://10.0.0.2:6443, https://10.0.0.3:6443' }).server).toEqual(['https://10.0.0.2:6443', 'https://10.0.0.3:6443'])
  expect(() => parsed({ server: '' })).toThrow('the file: "server" is missing')
})
