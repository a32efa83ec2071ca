import { describe, expect, it } from 'vitest'
import type { PodNetwork } from './port.ts'

export interface PodNetworkHarness extends AsyncDisposable {
  readonly network: PodNetwork
  /** The network as an agent finds it that was killed and started again. */
  restarted(): Promise<PodNetwork>
  /** It cannot make user namespaces, and says so. */
  readonly hasNoUsers?: boolean
}

const RANGE = { podCidr: '10.243.7.0/29', clusterCidr: '10.243.0.0/16', nodeAddress: '192.0.2.7' }
const options = { hostname: 'p' }

/** What every pod network promises. */
export function podNetworkContract(name: string, open: () => Promise<PodNetworkHarness>): void {
  describe(`pod network: ${name}`, () => {
    it('gives each pod one address of the range, the same however often it is asked', async () => {
      await using harness = await open()
      const { network } = harness
      await network.configureNode(RANGE)
      const [one, two] = await Promise.all([network.attach('one', options), network.attach('two', options)])
      expect(new Set([one.ip, two.ip]).size).toBe(2)
      for (const { ip } of [one, two]) expect(['10.243.7.2', '10.243.7.3', '10.243.7.4', '10.243.7.5', '10.243.7.6']).toContain(ip)
      expect(await network.attach('one', options)).toEqual(one)
      expect(await network.find('one')).toEqual(one)
      expect(one.netnsPath).not.toBe(two.netnsPath)
      expect([...(await network.list())].sort()).toEqual(['one', 'two'])
    })

    it('gives users of its own to each pod that wants them, the same after a restart', async () => {
      await using harness = await open()
      const { network } = harness
      await network.configureNode(RANGE)
      if (harness.hasNoUsers === true) {
        await expect(network.attach('one', { ...options, ownUsers: true })).rejects.toMatchObject({ code: 'unsupported' })
        return
      }
      const [one, two, three] = await Promise.all([network.attach('one', { ...options, ownUsers: true }), network.attach('two', { ...options, ownUsers: true }), network.attach('three', options)])
      expect(new Set([one, two].flatMap(({ users }) => [users?.usersPath, users?.ownersPath])).size).toBe(4)
      expect(three.users).toBeUndefined()
      expect(await network.attach('one', { ...options, ownUsers: true })).toEqual(one)
      expect(await (await harness.restarted()).find('two')).toEqual(two)
    })

    it('has no sandbox before the range is known', async () => {
      await using harness = await open()
      await expect(harness.network.attach('one', options)).rejects.toMatchObject({ code: 'unavailable' })
      expect(await harness.network.find('one')).toBeUndefined()
      expect(await harness.network.list()).toEqual([])
    })

    it('detaches what is there and what is not', async () => {
      await using harness = await open()
      const { network } = harness
      await network.configureNode(RANGE)
      await network.attach('one', options)
      await network.detach('one')
      await network.detach('one')
      await network.detach('never')
      expect(await network.find('one')).toBeUndefined()
      expect(await network.list()).toEqual([])
    })

    it('says when no address is left, and gives freed ones again', async () => {
      await using harness = await open()
      const { network } = harness
      await network.configureNode(RANGE)
      for (const uid of ['a', 'b', 'c', 'd', 'e']) await network.attach(uid, options)
      await expect(network.attach('f', options)).rejects.toMatchObject({ code: 'exhausted' })
      const freed = await network.find('c')
      await network.detach('c')
      expect((await network.attach('f', options)).ip).toBe(freed?.ip)
    })

    it('lets an address rest before it is given again', async () => {
      await using harness = await open()
      const { network } = harness
      await network.configureNode(RANGE)
      const first = await network.attach('a', options)
      await network.detach('a')
      expect((await network.attach('b', options)).ip).not.toBe(first.ip)
    })

    it('is found again after a restart of the agent', async () => {
      await using harness = await open()
      await harness.network.configureNode(RANGE)
      const before = await harness.network.attach('one', options)
      const network = await harness.restarted()
      expect(await network.list()).toEqual(['one'])
      await network.configureNode(RANGE)
      expect(await network.attach('one', options)).toEqual(before)
      expect((await network.attach('two', options)).ip).not.toBe(before.ip)
    })

    it('takes routes and services again and again', async () => {
      await using harness = await open()
      const { network } = harness
      await network.configureNode(RANGE)
      await network.configureNode(RANGE)
      await network.setRoutes([])
      await network.setServices([])
      await network.setServices([])
    })
  })
}
