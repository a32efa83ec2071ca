import { expect, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { ownGroupFile, quickMoves } from './quick-moves.ts'

test('the file of the own group, on a host of either version', () => {
  expect(ownGroupFile('9:name=systemd:/\n6:freezer:/gantry/lab/n1/agent\n4:memory:/x\n0::/\n', '/sys/fs/cgroup')).toBe('/sys/fs/cgroup/freezer/gantry/lab/n1/agent/cgroup.procs')
  expect(ownGroupFile('0::/system.slice/gantry.service\n', '/sys/fs/cgroup')).toBe('/sys/fs/cgroup/system.slice/gantry.service/cgroup.procs')
  expect(ownGroupFile('0::/\n', '/sys/fs/cgroup')).toBe('/sys/fs/cgroup/cgroup.procs')
})

test('work is done, and its failure told, where moves are impossible', async () => {
  const moves = await quickMoves(systemClock, '/nowhere')
  expect(await moves.during(() => Promise.resolve(7))).toBe(7)
  await expect(moves.during(() => Promise.reject(new Error('no')))).rejects.toThrow('no')
})
