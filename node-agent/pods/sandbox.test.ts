import { afterEach, beforeEach, expect, test } from 'vitest'
import { Fault } from '../../shared/kit/faults.ts'
import type { AttachOptions } from '../network/port.ts'
import { podHarness, testPod, type PodHarness } from './harness.ts'

let node: PodHarness
beforeEach(async () => {
  node = await podHarness()
})
afterEach(() => node.close())

test('settings of the network are made with it: what the kernel does not take is told of the sandbox, and tried again', async () => {
  const asked: Array<AttachOptions['sysctls']> = []
  const attach = node.parts.network.attach.bind(node.parts.network)
  node.parts.network.attach = (uid, options) => {
    asked.push(options.sysctls)
    return asked.length === 1 ? Promise.reject(new Fault('invalid', 'write sysctl key net.ipv4.tcp_syncookies: invalid argument')) : attach(uid, options)
  }
  const sysctls = [{ name: 'kernel.shm_rmid_forced', value: '1' }, { name: 'net/ipv4/tcp_syncookies', value: '0' }]
  node.workers.update(testPod('p', { securityContext: { sysctls }, containers: [{ name: 'c', image: 'busybox:1.35', command: ['sh', '-c', 'while :; do sleep 1; done'] }] }))
  await node.clock.advance(50)
  expect(node.events.map(({ reason, message }) => `${reason}: ${message}`)).toEqual(['FailedCreatePodSandBox: Failed to create pod sandbox: write sysctl key net.ipv4.tcp_syncookies: invalid argument'])
  expect(node.status('p')).toMatchObject({ phase: 'Pending', containerStatuses: [{ restartCount: 0, state: { waiting: { reason: 'ContainerCreating' } } }] })
  await node.clock.advance(60_000)
  expect(node.status('p').phase).toBe('Running')
  expect(asked).toEqual([{ 'net.ipv4.tcp_syncookies': '0' }, { 'net.ipv4.tcp_syncookies': '0' }])
})
