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

/** Programs that wait to take that address, whosever they are. */
const waiting = (address: string): readonly number[] =>
  execFileSync('ps', ['-eo', 'pid=,args='])
    .toString()
    .split('\n')
    .filter((line) => line.includes(` ${address} ${DEVICE} `) && line.includes(' sh -c '))
    .map((line) => Number.parseInt(line, 10))

test('what takes the address waits since the last time it was dropped; it is taken all the same when that has died', async () => {
  const address = '10.89.254.10/24'
  const holder = systemAddressHolder({ address, device: DEVICE, log: silentLog })
  await holder.drop()
  await holder.drop()
  const [first, ...more] = waiting(address)
  if (first === undefined) throw new Error('nothing waits')
  expect(more).toEqual([])
  await holder.take(60)
  expect(addresses()).toContain(address)
  await holder.drop()
  await expect.poll(() => waiting(address), { timeout: 60_000, interval: 200 }).not.toContain(first)
  const [second] = waiting(address)
  if (second === undefined) throw new Error('nothing waits')
  process.kill(second, 'SIGKILL')
  await holder.take(60)
  expect(addresses()).toContain(address)
  await holder.drop()
  // Those that told the neighbours have ended.
  await expect.poll(() => waiting(address).length, { timeout: 60_000, interval: 200 }).toBe(1)
  for (const third of waiting(address)) process.kill(third, 'SIGKILL')
  // Its end has been heard of.
  await expect.poll(() => waiting(address), { timeout: 60_000, interval: 200 }).toEqual([])
  await holder.take(60)
  expect(addresses()).toContain(address)
  await holder.drop()
})

test('what waits to take the address ends with whom it waits for', async () => {
  const address = '10.89.254.11/24'
  const program = `const { systemAddressHolder } = await import(${JSON.stringify(import.meta.resolve('../../control-plane/virtual-ip/ip.ts'))})
    await systemAddressHolder({ address: ${JSON.stringify(address)}, device: ${JSON.stringify(DEVICE)}, log: { warn() {} } }).drop()`
  execFileSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program])
  await expect.poll(() => waiting(address), { timeout: 60_000, interval: 200 }).toEqual([])
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
