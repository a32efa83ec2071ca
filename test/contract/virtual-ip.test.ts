/** A virtual address on a real device of a network namespace of our own. */
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { systemAddressHolder } from '../../control-plane/virtual-ip/ip.ts'
import { silentLog } from '../../shared/kit/log.ts'

const ADDRESS = '10.89.254.9/24'
const DEVICE = `gtv${process.pid.toString(36)}`
const PEER = `${DEVICE}p`
const ip = (...args: readonly string[]): string => execFileSync('ip', [...args]).toString()
const addresses = (): string => ip('-4', 'address', 'show', 'dev', DEVICE)

// On a pair of devices of its own that lead nowhere.
beforeAll(() => {
  ip('link', 'add', DEVICE, 'type', 'veth', 'peer', 'name', PEER)
  ip('link', 'set', DEVICE, 'up')
  ip('link', 'set', PEER, 'up')
})
afterAll(() => void ip('link', 'delete', DEVICE))

test('the address is kept, told and dropped; dropping what is not there is no fault', async () => {
  const holder = systemAddressHolder({ address: ADDRESS, device: DEVICE, log: silentLog })
  await holder.drop()
  await holder.keep(60)
  await holder.keep(60)
  expect(addresses()).toContain(`inet ${ADDRESS}`)
  await holder.tell()
  await holder.drop()
  expect(addresses()).not.toContain(ADDRESS)
})

test('the kernel takes it away when nobody renews it', async () => {
  const holder = systemAddressHolder({ address: ADDRESS, device: DEVICE, log: silentLog })
  await holder.keep(2)
  await expect.poll(addresses, { timeout: 60_000, interval: 200 }).not.toContain(ADDRESS)
})

test('a device that does not exist is said', async () => {
  await expect(systemAddressHolder({ address: ADDRESS, device: 'gtnone', log: silentLog }).keep(5)).rejects.toMatchObject({ code: 'internal', message: expect.stringContaining('gtnone') as string })
})
