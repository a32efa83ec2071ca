import { Fault } from '../../shared/kit/faults.ts'
import { nextAddress } from './addresses.ts'
import { parseRange, type Range } from './cidr.ts'
import type { NodeRoute, PodNetwork, Sandbox, ServicePort } from './port.ts'

export interface FakePodNetwork extends PodNetwork {
  readonly routes: readonly NodeRoute[]
  readonly services: readonly ServicePort[]
  readonly podCidr: string | undefined
}

/** Addresses are given for real, everything else is only remembered. */
export function fakePodNetwork(root = '/fake/netns'): FakePodNetwork {
  const addresses = new Map<string, string>()
  let range: Range | undefined
  let podCidr: string | undefined
  let last: string | undefined
  let routes: readonly NodeRoute[] = []
  let services: readonly ServicePort[] = []
  const withUsers = new Set<string>()
  const sandbox = (podUid: string, ip: string): Sandbox => ({ netnsPath: `${root}/${podUid}.netns`, ip, ...(withUsers.has(podUid) ? { users: { usersPath: `${root}/${podUid}.users`, ownersPath: `${root}/${podUid}.owners`, hostFirst: 65_536 } } : {}) })
  return {
    get routes() {
      return routes
    },
    get services() {
      return services
    },
    get podCidr() {
      return podCidr
    },
    async configureNode(options) {
      range = parseRange(options.podCidr)
      if (range === undefined) throw new Fault('invalid', `the pod range ${JSON.stringify(options.podCidr)} is no IPv4 range`)
      podCidr = options.podCidr
    },
    async setRoutes(wanted) {
      routes = wanted
    },
    async attach(podUid, { ownUsers }) {
      const known = addresses.get(podUid)
      if (known !== undefined) return sandbox(podUid, known)
      if (range === undefined) throw new Fault('unavailable', 'the node has no pod range yet')
      const ip = nextAddress(range, new Set(addresses.values()), last)
      if (ip === undefined) throw new Fault('exhausted', `no address is free in this node's pod range: ${addresses.size} pods have one`)
      last = ip
      addresses.set(podUid, ip)
      if (ownUsers === true) withUsers.add(podUid)
      return sandbox(podUid, ip)
    },
    async find(podUid) {
      const known = addresses.get(podUid)
      return known === undefined ? undefined : sandbox(podUid, known)
    },
    async detach(podUid) {
      addresses.delete(podUid)
      withUsers.delete(podUid)
    },
    list: async () => [...addresses.keys()],
    async setServices(wanted) {
      services = wanted
    },
    async teardown() {
      addresses.clear()
      withUsers.clear()
      routes = []
      services = []
      range = undefined
      podCidr = undefined
    },
  }
}
