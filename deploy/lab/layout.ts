/** Where everything of a lab is, and what it is called. PURE: paths and names from the lab's name and number. */

/** A machine of the lab, or a program with a life of its own on one: what can be killed, started, paused, cut off. */
export type MemberKind = 'node' | 'control-plane' | 'etcd'

export interface Member {
  readonly name: string
  readonly kind: MemberKind
}

export interface LabSpec {
  readonly name: string
  /** Its own /24 is 10.89.<number>.0. */
  readonly number: number
  readonly nodes: number
  readonly controlPlanes: number
}

export interface LabRoots {
  /** Data that outlives a reboot. */
  readonly state: string
  /** What lives as long as the processes: sockets, pins, services. */
  readonly run: string
}

export const defaultRoots: LabRoots = { state: '/var/lib/gantry', run: '/run/gantry' }

export const API_PORT = 6443
export const NODE_PORT = 6444
export const JOIN_PORT = 6445

export function layoutOf(spec: LabSpec, roots: LabRoots = defaultRoots) {
  const state = `${roots.state}/labs/${spec.name}`
  const run = `${roots.run}/labs/${spec.name}`
  const subnet = `10.89.${spec.number}`
  return {
    state,
    run,
    specFile: `${state}/lab.json`,
    pki: `${state}/pki`,
    images: `${roots.state}/images`,
    pins: `${run}/pins`,
    services: `${run}/services`,
    bridge: `gtlab${spec.number}`,
    /** The bridge of those who are cut off. */
    cutBridge: `gtlab${spec.number}cut`,
    hostAddress: `${subnet}.1`,
    controlPlaneAddress: `${subnet}.2`,
    server: `https://${subnet}.2:${API_PORT}`,
    cgroup: `gantry/${spec.name}`,
    members: membersOf(spec),
    memberState: (member: string) => `${state}/${member}`,
    memberRun: (member: string) => `${run}/${member}`,
    memberCgroup: (member: string) => `gantry/${spec.name}/${member}`,
    netns: (member: string) => `gantry-${spec.name}-${member}`,
    netnsPath: (member: string) => `/run/netns/gantry-${spec.name}-${member}`,
    mountsPin: (member: string) => `${run}/pins/${member}.mnt`,
    /** The host's end of a machine's cable. */
    link: (member: string) => `gt${spec.number}${member === 'control-plane' ? 'cp' : member}`,
    nodeAddress: (index: number) => `${subnet}.${10 + index}`,
  }
}

export type Layout = ReturnType<typeof layoutOf>

/** In the order they are started. */
export function membersOf(spec: LabSpec): readonly Member[] {
  return [{ name: 'etcd', kind: 'etcd' }, { name: 'control-plane', kind: 'control-plane' }, ...Array.from({ length: spec.nodes }, (_, index): Member => ({ name: nodeName(index + 1), kind: 'node' }))]
}

export const nodeName = (index: number): string => `n${index}`
export const nodeIndex = (name: string): number => Number(name.slice(1))

/** etcd lives on the control plane's machine. */
export const machineOf = (member: Member): string => (member.kind === 'etcd' ? 'control-plane' : member.name)
export const machinesOf = (spec: LabSpec): readonly string[] => [...new Set(membersOf(spec).map(machineOf))]

const NAME = /^[a-z0-9]([-a-z0-9]{0,18}[a-z0-9])?$/

/** Why a lab cannot have this name; `undefined` if it can. */
export function whyNotLabName(name: string): string | undefined {
  return NAME.test(name) ? undefined : `"${name}" cannot be a lab's name: at most 20 lower-case letters, digits and '-', with a letter or digit at both ends`
}
