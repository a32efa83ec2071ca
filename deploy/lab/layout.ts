/** Where everything of a lab is, and what it is called. PURE: paths and names from the lab's name and number. */

/** What a program of the lab is: each has a supervisor, a log and a cgroup of its own. */
export type MemberKind = 'node' | 'control-plane' | 'etcd'

export interface Member {
  /** `n1`; `control-plane` and `etcd` where there is one of each, `cp1/control-plane` and `cp1/etcd` where there are several. */
  readonly name: string
  readonly kind: MemberKind
  /** Where it runs. */
  readonly machine: string
}

export interface LabSpec {
  readonly name: string
  /** Its own /24 is 10.89.<number>.0. */
  readonly number: number
  readonly nodes: number
  readonly controlPlanes: number
  /** How large etcd's data may grow; etcd's own bound (2 GiB) unless given. */
  readonly etcdQuotaBytes?: number | undefined
  /** Each node keeps images of its own, as machines do: for tests of what nodes give each other. Otherwise all labs of the host share them. */
  readonly ownImages?: boolean | undefined
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
    /** Of one node. */
    imagesOf: (node: string) => (spec.ownImages === true ? `${state}/${node}/images` : `${roots.state}/images`),
    /** How its nodes reach registries, and the logins they have themselves: there if somebody made them. */
    registriesFile: `${state}/registries.json`,
    dockerConfig: `${state}/docker-config.json`,
    pins: `${run}/pins`,
    services: `${run}/services`,
    bridge: `gtlab${spec.number}`,
    /** The bridge of those who are cut off. */
    cutBridge: `gtlab${spec.number}cut`,
    hostAddress: `${subnet}.1`,
    /** The address that the leading one of several control planes has beside its own. */
    virtualAddress: hasSeveral(spec) ? `${subnet}.9` : undefined,
    /** Where clients find the API: the virtual address of several control planes, the only one's own. */
    apiAddress: `${subnet}.${hasSeveral(spec) ? 9 : 2}`,
    server: `https://${subnet}.${hasSeveral(spec) ? 9 : 2}:${API_PORT}`,
    /** Each control plane by its own address. */
    servers: controlPlaneMachines(spec).map((_, index) => `https://${subnet}.${FIRST_CONTROL_PLANE + index}:${API_PORT}`),
    /** Of a machine, by its name. */
    addressOf: (machine: string) => `${subnet}.${hostNumberOf(spec, machine)}`,
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
  }
}

export type Layout = ReturnType<typeof layoutOf>

const FIRST_CONTROL_PLANE = 2
const FIRST_NODE = 11

/** etcd's third vote where there are two control planes: with two votes the loss of either would stop both. */
export const WITNESS = 'witness'

export const hasSeveral = (spec: LabSpec): boolean => spec.controlPlanes > 1

/** Machines that carry a control plane. */
export const controlPlaneMachines = (spec: LabSpec): readonly string[] => (hasSeveral(spec) ? Array.from({ length: spec.controlPlanes }, (_, index) => `cp${index + 1}`) : ['control-plane'])

/** Machines that carry an etcd member. */
export const etcdMachines = (spec: LabSpec): readonly string[] => [...controlPlaneMachines(spec), ...(spec.controlPlanes === 2 ? [WITNESS] : [])]

function hostNumberOf(spec: LabSpec, machine: string): number {
  const at = etcdMachines(spec).indexOf(machine)
  return at < 0 ? FIRST_NODE - 1 + nodeIndex(machine) : FIRST_CONTROL_PLANE + at
}

/** In the order they are started. */
export function membersOf(spec: LabSpec): readonly Member[] {
  const nameOf = (machine: string, program: string): string => (hasSeveral(spec) ? `${machine}/${program}` : program)
  return [
    ...etcdMachines(spec).map((machine): Member => ({ name: nameOf(machine, 'etcd'), kind: 'etcd', machine })),
    ...controlPlaneMachines(spec).map((machine): Member => ({ name: nameOf(machine, 'control-plane'), kind: 'control-plane', machine })),
    ...Array.from({ length: spec.nodes }, (_, index): Member => ({ name: nodeName(index + 1), kind: 'node', machine: nodeName(index + 1) })),
  ]
}

export const nodeName = (index: number): string => `n${index}`
export const nodeIndex = (name: string): number => Number(name.slice(1))

export const machinesOf = (spec: LabSpec): readonly string[] => [...new Set(membersOf(spec).map(({ machine }) => machine))]

/** A machine with all that runs on it, or one program of it. */
export type Target = { readonly kind: 'machine'; readonly machine: string; readonly members: readonly Member[] } | { readonly kind: 'program'; readonly machine: string; readonly member: Member }

/** What a name means: `cp1`, `n1` (machines), `cp1/etcd`, `n1/agent` (programs). Where there is one control plane, `control-plane` is its machine without its etcd, and `etcd` that program. */
export function findTarget(spec: LabSpec, name: string): Target | undefined {
  const members = membersOf(spec)
  const node = /^(n\d+)\/agent$/.exec(name)?.[1]
  const program = members.find((member) => (member.kind === 'node' ? member.name === node : member.name === name && name !== 'control-plane'))
  if (program) return { kind: 'program', machine: program.machine, member: program }
  const there = members.filter(({ machine }) => machine === name)
  if (there.length === 0) return undefined
  return { kind: 'machine', machine: name, members: hasSeveral(spec) ? there : there.filter(({ kind }) => kind !== 'etcd') }
}

/** Every name that {@link findTarget} knows, without the agents of nodes. */
export const targetNames = (spec: LabSpec): readonly string[] => [...new Set(membersOf(spec).flatMap(({ name, machine }) => (hasSeveral(spec) ? [machine, name] : [name])))]

const NAME = /^[a-z0-9]([-a-z0-9]{0,18}[a-z0-9])?$/

/** Why a lab cannot have this name; `undefined` if it can. */
export function whyNotLabName(name: string): string | undefined {
  return NAME.test(name) ? undefined : `"${name}" cannot be a lab's name: at most 20 lower-case letters, digits and '-', with a letter or digit at both ends`
}
