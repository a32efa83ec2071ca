import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { Fault } from '../shared/kit/faults.ts'
import { DEFAULT_TERMS, termsForLease, whyNotTerms, type FencingTerms } from '../shared/model/fencing-terms.ts'
import { isJsonObject } from '../shared/model/json.ts'

export interface ListenAddress {
  readonly host: string
  readonly port: number
}

/** The control plane's settings, a JSON file. */
export interface ControlPlaneConfig {
  /** Client addresses of etcd. */
  readonly etcd: readonly string[]
  /** How long etcd may take to answer a call, ms. */
  readonly etcdCallMs: number
  /** Folder with ca.crt, ca.key, server.crt, server.key, tokens.key, tokens.pub, join-token (from which tokens are made, see shared/kit/join-token.ts). */
  readonly pki: string
  readonly listen: readonly ListenAddress[]
  /** Where agents with a certificate connect, and where those without one join. */
  readonly nodes: readonly ListenAddress[]
  readonly joins: readonly ListenAddress[]
  /** What the Service `kubernetes` leads to. */
  readonly advertiseAddress: string
  readonly clusterCidr: string
  /** Where services get their addresses from; the same for all replicas. */
  readonly serviceCidr: string
  /** Where agents' signs of life are taken in. */
  readonly heartbeats: readonly ListenAddress[]
  /** How long a node may be silent before its pods are replaced, ms; the other times of fencing follow from it. */
  readonly nodeLeaseMs: number
  /** Single times of fencing (docs/adr/0005-fencing.md) that shall be others. */
  readonly fencing: Partial<FencingTerms>
  /** What this replica is called among several: no two may have the same name. */
  readonly identity: string
  /** How long a leader may be silent before another replica takes its place. */
  readonly leaderLeaseMs: number
  /** An address that is wherever the leader is. */
  readonly virtualIp: VirtualIpConfig | undefined
}

export interface VirtualIpConfig {
  /** `10.0.0.9/24` */
  readonly address: string
  /** The network device that gets it: `eth0`. */
  readonly device: string
}

const DEFAULTS = {
  etcd: ['http://127.0.0.1:2379'],
  etcdCallMs: 5_000,
  pki: '/etc/gantry/pki',
  listen: [{ host: '0.0.0.0', port: 6443 }],
  nodes: [{ host: '0.0.0.0', port: 6444 }],
  joins: [{ host: '0.0.0.0', port: 6445 }],
  advertiseAddress: '127.0.0.1',
  clusterCidr: '10.244.0.0/16',
  serviceCidr: '10.96.0.0/16',
  heartbeats: [{ host: '0.0.0.0', port: 6446 }],
  nodeLeaseMs: DEFAULT_TERMS.leaseMs,
  fencing: {},
  identity: hostname(),
  leaderLeaseMs: 800,
  virtualIp: undefined,
} as const

/** A shorter lease would be lost to every pause for breath; with a longer one the cluster waits for nothing. */
const LEADER_LEASE_MS = { least: 200, most: 60_000 } as const
const CIDR = /^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/
const DEVICE = /^[^\s/]{1,15}$/

/** @throws Fault('invalid') naming the setting and the mend. */
export async function readControlPlaneConfig(file: string): Promise<ControlPlaneConfig> {
  let parsed: unknown
  try {
    parsed = JSON.parse(await readFile(file, 'utf8'))
  } catch (cause) {
    throw new Fault('invalid', `${file} cannot be read as JSON: ${(cause as Error).message}`, { cause })
  }
  if (!isJsonObject(parsed)) throw new Fault('invalid', `${file} must hold one JSON object`)
  const unknown = Object.keys(parsed).find((key) => !(key in DEFAULTS))
  if (unknown !== undefined) throw new Fault('invalid', `${file}: unknown setting "${unknown}": the settings are ${Object.keys(DEFAULTS).join(', ')}`)
  const config = { ...DEFAULTS, ...parsed } as unknown as ControlPlaneConfig
  const wrong = whyNot(config)
  if (wrong !== undefined) throw new Fault('invalid', `${file}: ${wrong}`)
  return config
}

/** By which times nodes are judged. */
export const termsOf = ({ nodeLeaseMs, fencing }: Pick<ControlPlaneConfig, 'nodeLeaseMs' | 'fencing'>): FencingTerms => ({ ...termsForLease(nodeLeaseMs), ...fencing })

function whyNotFencing(config: ControlPlaneConfig): string | undefined {
  const { nodeLeaseMs, fencing } = config
  if (typeof nodeLeaseMs !== 'number') return '"nodeLeaseMs" must be a number (ms)'
  if (!isJsonObject(fencing)) return '"fencing" looks like {"seenMs": 400, "answerMs": 300}'
  const unknown = Object.keys(fencing).find((key) => !(key in DEFAULT_TERMS))
  if (unknown !== undefined) return `unknown time "fencing.${unknown}": the times are ${Object.keys(DEFAULT_TERMS).join(', ')}`
  const wrong = whyNotTerms(termsOf(config))
  return wrong === undefined ? undefined : `times of fencing: ${wrong}`
}

function whyNot(config: ControlPlaneConfig): string | undefined {
  const { identity, etcdCallMs, leaderLeaseMs, virtualIp, serviceCidr } = config
  const { least, most } = LEADER_LEASE_MS
  if (typeof identity !== 'string' || !/^[a-zA-Z0-9]([-.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/.test(identity)) return '"identity" must be a name: letters, digits, "-" and ".", 63 at most'
  if (typeof leaderLeaseMs !== 'number' || !(leaderLeaseMs >= least && leaderLeaseMs <= most)) return `"leaderLeaseMs" must be from ${least} to ${most}`
  if (typeof etcdCallMs !== 'number' || !(etcdCallMs >= 100 && etcdCallMs <= 600_000)) return '"etcdCallMs" must be from 100 to 600000'
  if (typeof serviceCidr !== 'string' || !CIDR.test(serviceCidr)) return '"serviceCidr" looks like 10.96.0.0/16'
  const wrong = whyNotFencing(config)
  if (wrong !== undefined || virtualIp === undefined) return wrong
  const isGiven = isJsonObject(virtualIp) && typeof virtualIp.address === 'string' && CIDR.test(virtualIp.address) && typeof virtualIp.device === 'string' && DEVICE.test(virtualIp.device)
  return isGiven ? undefined : '"virtualIp" looks like {"address": "10.0.0.9/24", "device": "eth0"}'
}

export interface PkiFiles {
  readonly ca: string
  readonly caKey: string
  readonly cert: string
  readonly key: string
  readonly tokensKey: string
  readonly tokensPublicKey: string
  readonly joinToken: string
}

export async function readPki(folder: string): Promise<PkiFiles> {
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(`${folder}/${name}`, 'utf8')
    } catch (cause) {
      throw new Fault('invalid', `${folder}/${name} cannot be read: the control plane needs it`, { cause })
    }
  }
  const [ca, caKey, cert, key, tokensKey, tokensPublicKey, joinToken] = await Promise.all(['ca.crt', 'ca.key', 'server.crt', 'server.key', 'tokens.key', 'tokens.pub', 'join-token'].map(read))
  return { ca: ca ?? '', caKey: caKey ?? '', cert: cert ?? '', key: key ?? '', tokensKey: tokensKey ?? '', tokensPublicKey: tokensPublicKey ?? '', joinToken: (joinToken ?? '').trim() }
}
