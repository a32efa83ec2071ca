/** A virtual address on a real device of a network namespace of our own. */
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemAddressHolder } from '../../control-plane/virtual-ip/ip.ts'
import { silentLog } from '../../shared/kit/log.ts'

const ADDRESS = '10.89.254.9/24'
const DEVICE = `gtv${process.pid.toString(36)}`
const PEER = `${DEVICE}p`
/** The neighbour's machine. */
const NETNS = `gantry-${DEVICE}`
const ip = (...args: readonly string[]): string => execFileSync('ip', [...args]).toString()
const addresses = (): string => ip('-4', 'address', 'show', 'dev', DEVICE)

// On a pair of devices of its own, with a neighbour at the other end.
beforeAll(() => {
  ip('link', 'add', DEVICE, 'type', 'veth', 'peer', 'name', PEER)
  ip('link', 'set', DEVICE, 'up')
  ip('netns', 'add', NETNS)
  ip('link', 'set', PEER, 'netns', NETNS)
  ip('-n', NETNS, 'link', 'set', PEER, 'up')
  ip('-n', NETNS, 'address', 'add', '10.89.254.1/24', 'dev', PEER)
})
afterAll(() => {
  ip('link', 'delete', DEVICE)
  ip('netns', 'delete', NETNS)
})

test('the address is taken, kept and dropped; dropping what is not there is no fault', async () => {
  const holder = systemAddressHolder({ address: ADDRESS, device: DEVICE, log: silentLog })
  await holder.drop()
  await holder.take(60)
  expect(addresses()).toContain(`inet ${ADDRESS}`)
  await holder.keep(60)
  expect(addresses()).toContain(`inet ${ADDRESS}`)
  await holder.drop()
  expect(addresses()).not.toContain(ADDRESS)
})

test('a neighbour that knew the address at another machine is told where it is now', async () => {
  ip('-n', NETNS, 'neighbour', 'replace', '10.89.254.9', 'lladdr', '02:00:00:00:00:01', 'nud', 'stale', 'dev', PEER)
  const [, mac = 'none'] = /link\/ether (\S+)/.exec(ip('link', 'show', DEVICE)) ?? []
  const holder = systemAddressHolder({ address: ADDRESS, device: DEVICE, log: silentLog })
  await holder.take(60)
  await expect.poll(() => ip('-n', NETNS, 'neighbour', 'show', '10.89.254.9'), { timeout: 60_000, interval: 20 }).toContain(mac)
  await holder.drop()
})

test('the kernel takes it away when nobody renews it', async () => {
  const holder = systemAddressHolder({ address: ADDRESS, device: DEVICE, log: silentLog })
  await holder.keep(2)
  await expect.poll(addresses, { timeout: 60_000, interval: 200 }).not.toContain(ADDRESS)
})

test('a device that does not exist is said', async () => {
  const holder = systemAddressHolder({ address: ADDRESS, device: 'gtnone', log: silentLog })
  for (const give of [holder.keep, holder.take]) await expect(give(5)).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('gtnone') as string })
})
