import { Fault } from '../shared/kit/faults.ts'
import { checkMemoryQos, DEFAULT_MEMORY_QOS, type MemoryQosSettings } from './cgroups/memory-qos.ts'
import { checkResources, DEFAULT_RESOURCES, type ResourceSettings } from './eviction/eviction.ts'
import { checkPulls, DEFAULT_PULLS, type PullSettings } from './images/registry/agent-settings.ts'
import { isJsonObject } from '../shared/model/json.ts'

/** An agent's settings: a JSON file, or flags of `gantry agent`. */
export interface AgentConfig extends ResourceSettings, MemoryQosSettings, PullSettings {
  readonly nodeName: string
  /** `https://HOST:6443` of the control plane; agents use the three ports after it (6444 for nodes, 6445 to join, 6446 for heartbeats). Several: a list, or one text with commas. */
  readonly server: readonly string[]
  /** Needed once, until the node has a certificate. */
  readonly token: string | undefined
  readonly stateDir: string
  readonly runDir: string
  readonly imageDir: string
  /** InternalIP: where other nodes reach this one. */
  readonly address: string
  /** Where other nodes ask this one whether it still hears the control plane, at `address`. */
  readonly peerPort: number
  /** Where it gives them images, at `address`. */
  readonly imagePort: number
  /** Below which cgroup everything of the node is: `gantry/lab/n1`; `gantry/node.NAME` unless told otherwise, so that two agents of one host never share one. */
  readonly cgroup: string
  /** Where the boot id is read; the kernel's unless the node is a lab's. */
  readonly bootIdFile: string
  readonly clusterCidr: string
  readonly maxPods: number
  /** As kubelet's: how many processes a pod may have; -1: no bound of its own. */
  readonly podPidsLimit: number
  readonly labels: Readonly<Record<string, string>>
  readonly runtime: 'crun' | 'runc'
  /** A folder whose files are pods that this node runs by itself; none unless given. */
  readonly staticPodPath: string
  /** As kubelet's settings of these names: the disk is cleared of images above the first down to the second, in percent. */
  readonly imageGCHighThresholdPercent: number
  readonly imageGCLowThresholdPercent: number
  /** `2m`: how long an image is left alone after it was first seen. */
  readonly imageMinimumGCAge: string
  /** `0s`: never is an image too old. */
  readonly imageMaximumGCAge: string
}

const DEFAULTS = { stateDir: '/var/lib/gantry/agent', runDir: '/run/gantry/agent', imageDir: '/var/lib/gantry/images', cgroup: undefined, bootIdFile: '/proc/sys/kernel/random/boot_id', clusterCidr: '10.244.0.0/16', maxPods: 110, podPidsLimit: -1, peerPort: 6447, imagePort: 6448, labels: {}, runtime: 'crun', staticPodPath: '', token: undefined, imageGCHighThresholdPercent: 85, imageGCLowThresholdPercent: 80, imageMinimumGCAge: '2m', imageMaximumGCAge: '0s', ...DEFAULT_RESOURCES, ...DEFAULT_MEMORY_QOS, ...DEFAULT_PULLS } as const

/** @throws Fault('invalid') naming the field and the mend. */
export function parseAgentConfig(text: string, where: string): AgentConfig {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new Fault('invalid', `${where} is not JSON: ${(cause as Error).message}`, { cause })
  }
  if (!isJsonObject(parsed)) throw new Fault('invalid', `${where} must hold one JSON object`)
  const unknown = Object.keys(parsed).filter((key) => !KNOWN.has(key))
  if (unknown.length > 0) throw new Fault('invalid', `${where}: unknown setting "${unknown[0]}": the settings are ${[...KNOWN].join(', ')}`)
  const config = { ...DEFAULTS, ...parsed, server: serversOf(parsed['server']), cgroup: parsed['cgroup'] ?? `gantry/node.${String(parsed['nodeName'])}` } as unknown as AgentConfig
  for (const name of ['nodeName', 'address'] as const) {
    if (typeof config[name] !== 'string' || config[name] === '') throw new Fault('invalid', `${where}: "${name}" is missing`)
  }
  if (config.server.length === 0) throw new Fault('invalid', `${where}: "server" is missing`)
  if (!Number.isSafeInteger(config.podPidsLimit) || config.podPidsLimit === 0 || config.podPidsLimit < -1) throw new Fault('invalid', `${where}: podPidsLimit: ${JSON.stringify(config.podPidsLimit)} is no number of processes: above 0, or -1 for no bound`)
  checkResources(config)
  checkMemoryQos(config)
  checkPulls(config, where)
  return config
}

function serversOf(given: unknown): readonly string[] {
  const list: readonly unknown[] = typeof given === 'string' ? given.split(',') : Array.isArray(given) ? given : []
  return list.flatMap((one) => (typeof one === 'string' && one.trim() !== '' ? [one.trim()] : []))
}

const KNOWN: ReadonlySet<string> = new Set(['nodeName', 'server', 'address', ...Object.keys(DEFAULTS)])

export interface ControlPlanePorts {
  readonly node: { readonly host: string; readonly port: number }
  readonly join: { readonly host: string; readonly port: number }
  readonly heartbeats: { readonly host: string; readonly port: number }
}

/** A control plane's host and its ports for nodes, for joining and for heartbeats. @throws Fault('invalid') when `server` is no URL. */
export function portsOf(server: string): ControlPlanePorts {
  const url = URL.parse(server)
  if (!url || url.protocol !== 'https:') throw new Fault('invalid', `"${server}" is not the address of a control plane: it looks like https://HOST:6443`)
  const port = url.port === '' ? 443 : Number(url.port)
  return { node: { host: url.hostname, port: port + 1 }, join: { host: url.hostname, port: port + 2 }, heartbeats: { host: url.hostname, port: port + 3 } }
}
