/** Every command's name and how to load it: what is not called is not loaded. */
import type { Command } from './command.ts'

export interface CommandEntry {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly summary: string
  readonly load: () => Promise<Command>
}

export interface Section {
  readonly title: string
  readonly commands: readonly CommandEntry[]
}

export const SECTIONS: readonly Section[] = [
  {
    title: 'Basic Commands',
    commands: [
      { name: 'get', summary: 'Display one or many resources', load: async () => (await import('../get/get.ts')).get },
      { name: 'apply', summary: 'Make the cluster as files say', load: async () => (await import('../apply/apply.ts')).apply },
      { name: 'describe', summary: 'Show details of objects, with what happened to them', load: async () => (await import('../describe/describe.ts')).describe },
      { name: 'delete', summary: 'Delete objects', load: async () => (await import('../delete/delete.ts')).deleteCommand },
    ],
  },
  {
    title: 'Workload Commands',
    commands: [
      { name: 'rollout', summary: 'Follow, undo, pause and restart rollouts', load: async () => (await import('../workloads/rollout.ts')).rollout },
      { name: 'scale', summary: 'Set how many replicas there are', load: async () => (await import('../workloads/scale.ts')).scale },
    ],
  },
  {
    title: 'Troubleshooting Commands',
    commands: [
      { name: 'logs', summary: "Print what a pod's containers wrote", load: async () => (await import('../logs/logs.ts')).logs },
      { name: 'exec', summary: 'Run a command in a container', load: async () => (await import('../exec/exec.ts')).exec },
      { name: 'attach', summary: 'Attach to the process that runs in a container', load: async () => (await import('../exec/exec.ts')).attach },
      { name: 'port-forward', summary: 'Forward local ports to a pod', load: async () => (await import('../stream/port-forward.ts')).portForward },
    ],
  },
  {
    title: "Gantry's own Commands",
    commands: [
      { name: 'lab', summary: 'Run a cluster of several machines on this host', load: async () => (await import('../lab/lab.ts')).lab },
      { name: 'why', summary: 'Explain why a pod is on its node, or on none', load: async () => (await import('../why/why.ts')).why },
      { name: 'image', summary: 'Bring images into the store that nodes of this host read', load: async () => (await import('../lab/image.ts')).image },
      { name: 'kubeconfig', summary: "Print a lab's kubeconfig", load: async () => (await import('../lab/kubeconfig.ts')).kubeconfig },
      { name: 'agent', summary: 'Run the node agent: join this host to a cluster', load: async () => (await import('../lab/agent.ts')).agent },
      { name: 'token', summary: 'Print the token with which a host joins', load: async () => (await import('../lab/token.ts')).token },
    ],
  },
]

export const entries = (): readonly CommandEntry[] => SECTIONS.flatMap(({ commands }) => commands)
