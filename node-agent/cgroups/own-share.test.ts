import { expect, test } from 'vitest'
import { ownGroup } from './own-share.ts'

test('the group of this process in the hierarchy of processors', () => {
  const hybrid = '12:cpuset:/a\n4:cpu,cpuacct:/gantry/lab/n1/agent\n0::/\n'
  expect(ownGroup(hybrid, 1)).toBe('/gantry/lab/n1/agent')
  expect(ownGroup(hybrid, 2)).toBe('/')
  expect(ownGroup('0::/system.slice/gantry-agent.service\n', 2)).toBe('/system.slice/gantry-agent.service')
  expect(ownGroup('', 1)).toBeUndefined()
})
