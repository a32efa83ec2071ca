import type { PodUsers } from './pod-users.ts'

/** One pod's network namespace, and how it is joined to the node. */
export interface PodLink {
  /** Where the namespace is pinned: a file in a folder of ours. */
  readonly netnsPath: string
  /** Name of the node's end of the pair, at most 15 characters; the pod's end is `eth0`. */
  readonly hostLink: string
  /** A bridge of the node. */
  readonly bridge: string
  /** The pod's address; it gets no net beside it, so that all of its traffic passes the node's address translation. */
  readonly address: string
  /** The bridge's address: the pod's way to everything. */
  readonly gateway: string
  readonly mac: string
  readonly mtuBytes: number
  /** A pod whose users are its own: the namespace belongs to theirs. */
  readonly users?: PodUsers | undefined
}

export interface Netns {
  /**
   * Makes the namespace with `lo` and `eth0` up and routed, and pins it as its very last step: a namespace that is pinned is complete,
   * one that was interrupted vanishes by itself. Leftovers under the same names are replaced. User namespaces are pinned before it.
   */
  create(link: PodLink): Promise<void>
  /**
   * Lets the namespace go. As soon as no process is in it the kernel removes it and both ends of the pair, behind our back: doing that
   * ourselves would hold this thread for as long as the kernel waits (tens of milliseconds). What is not there is no error.
   */
  unpin(netnsPath: string): Promise<void>
  /** Removes a pair whose namespace is still held by somebody. What is not there is no error. */
  dropLink(hostLink: string): Promise<void>
  isPinned(netnsPath: string): Promise<boolean>
  /** Writes settings of the namespace, by their names with dots. Fault('invalid') where the kernel does not take one. */
  set(netnsPath: string, settings: Readonly<Record<string, string>>): Promise<void>
}

/** Any process of a pod may listen on any port of its own address, and ping: both are the container runtimes' defaults today. */
export const POD_SYSCTLS: Readonly<Record<string, string>> = {
  'net/ipv4/ip_unprivileged_port_start': '0',
  'net/ipv4/ping_group_range': '0 2147483647',
}
