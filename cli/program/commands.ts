/** Every command's name and how to load it: what is not called is not loaded, except `get`, which is called most. */
import { get } from '../get/get.ts'
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
      { name: 'get', summary: 'Display one or many resources', load: () => Promise.resolve(get) },
      { name: 'describe', summary: 'Show details of objects, with what happened to them', load: async () => (await import('../describe/describe.ts')).describe },
      { name: 'apply', summary: 'Make the cluster as files say', load: async () => (await import('../apply/apply.ts')).apply },
      { name: 'diff', summary: 'Show what an apply would change', load: async () => (await import('../diff/diff.ts')).diff },
      { name: 'create', summary: 'Create objects from files or from the command line', load: async () => (await import('../create/create.ts')).create },
      { name: 'delete', summary: 'Delete objects', load: async () => (await import('../delete/delete.ts')).deleteCommand },
      { name: 'edit', summary: 'Change an object in an editor', load: async () => (await import('../change/edit.ts')).edit },
      { name: 'patch', summary: 'Change fields of an object', load: async () => (await import('../change/patch.ts')).patch },
      { name: 'replace', summary: 'Replace objects by what files say', load: async () => (await import('../change/replace.ts')).replace },
      { name: 'set', summary: 'Set features of objects', load: async () => (await import('../change/set.ts')).set },
      { name: 'expose', summary: 'Put a service before pods', load: async () => (await import('../change/expose.ts')).expose },
      { name: 'label', summary: 'Set and remove labels', load: async () => (await import('../change/label.ts')).label },
      { name: 'annotate', summary: 'Set and remove annotations', load: async () => (await import('../change/label.ts')).annotate },
      { name: 'wait', summary: 'Wait until objects are as asked', load: async () => (await import('../change/wait.ts')).wait },
    ],
  },
  {
    title: 'Workload and Node Commands',
    commands: [
      { name: 'rollout', summary: 'Follow, undo, pause and restart rollouts', load: async () => (await import('../workloads/rollout.ts')).rollout },
      { name: 'scale', summary: 'Set how many replicas there are', load: async () => (await import('../workloads/scale.ts')).scale },
      { name: 'cordon', summary: 'Put no new pods on a node', load: async () => (await import('../nodes/cordon.ts')).cordon },
      { name: 'uncordon', summary: 'Let pods be put on a node again', load: async () => (await import('../nodes/cordon.ts')).uncordon },
      { name: 'drain', summary: 'Empty a node, to work on it', load: async () => (await import('../nodes/drain.ts')).drain },
      { name: 'node', summary: 'Decide about nodes what the cluster cannot decide: confirm-dead', load: async () => (await import('../nodes/confirm-dead.ts')).node },
      { name: 'taint', summary: 'Keep pods away from nodes', load: async () => (await import('../nodes/taint.ts')).taint },
    ],
  },
  {
    title: 'Troubleshooting Commands',
    commands: [
      { name: 'logs', summary: "Print what a pod's containers wrote", load: async () => (await import('../logs/logs.ts')).logs },
      { name: 'exec', summary: 'Run a command in a container', load: async () => (await import('../exec/exec.ts')).exec },
      { name: 'attach', summary: 'Attach to the process that runs in a container', load: async () => (await import('../exec/exec.ts')).attach },
      { name: 'cp', summary: 'Copy files and folders to and from containers', load: async () => (await import('../cp/cp.ts')).cp },
      { name: 'port-forward', summary: 'Forward local ports to a pod', load: async () => (await import('../stream/port-forward.ts')).portForward },
      { name: 'debug', summary: 'Run a container more in a pod, to look into it', load: async () => (await import('../debug/debug.ts')).debug },
      { name: 'top', summary: 'Show what nodes and pods use now', load: async () => (await import('../top/top.ts')).top },
      { name: 'events', summary: 'List events', load: async () => (await import('../events/events.ts')).events },
      { name: 'why', summary: 'Explain why a pod is where it is, and what happened to a node', load: async () => (await import('../why/why.ts')).why },
    ],
  },
  {
    title: "Gantry's own Commands",
    commands: [
      { name: 'lab', summary: 'Run a cluster of several machines on this host', load: async () => (await import('../lab/lab.ts')).lab },
      { name: 'dashboard', summary: 'Show the cluster in a browser', load: async () => (await import('../dashboard/dashboard.ts')).dashboard },
      { name: 'image', summary: 'Images on the nodes: build, bring, look at, name, take away', load: async () => (await import('../images/image.ts')).image },
      { name: 'commit', summary: 'Make an image of what a running container changed', load: async () => (await import('../images/commit.ts')).commit },
      { name: 'kubeconfig', summary: "Print a lab's kubeconfig", load: async () => (await import('../lab/kubeconfig.ts')).kubeconfig },
      { name: 'agent', summary: 'Run the node agent: join this host to a cluster', load: async () => (await import('../lab/agent.ts')).agent },
      { name: 'token', summary: 'Print the token with which a host joins', load: async () => (await import('../lab/token.ts')).token },
    ],
  },
  {
    title: 'Other Commands',
    commands: [
      { name: 'api-resources', summary: 'Print the resources that the server has', load: async () => (await import('../about/api-resources.ts')).apiResources },
      { name: 'api-versions', summary: 'Print the API versions that the server has', load: async () => (await import('../about/api-resources.ts')).apiVersions },
      { name: 'explain', summary: 'Show the fields of a kind', load: async () => (await import('../about/explain.ts')).explain },
      { name: 'auth', summary: 'See who you are to the server, and what you may do', load: async () => (await import('../auth/auth.ts')).auth },
      { name: 'config', summary: 'Look at kubeconfig files, and choose the context', load: async () => (await import('../config/commands.ts')).config },
      { name: 'cluster-info', summary: 'Print where the control plane is', load: async () => (await import('../about/cluster-info.ts')).clusterInfo },
      { name: 'version', summary: 'Print the versions of this command and of the server', load: async () => (await import('../about/version.ts')).version },
      { name: 'completion', summary: 'Print a script that completes commands in a shell', load: async () => (await import('../complete/completion.ts')).completion },
    ],
  },
]

/** Not shown in the help. */
const HIDDEN: readonly CommandEntry[] = [{ name: '__complete', summary: '', load: async () => (await import('../complete/completion.ts')).complete }]

export const entries = (): readonly CommandEntry[] => SECTIONS.flatMap(({ commands }) => commands)

export const findEntry = (name: string): CommandEntry | undefined => [...entries(), ...HIDDEN].find((one) => one.name === name || one.aliases?.includes(name))
