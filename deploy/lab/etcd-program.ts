/** etcd's command line: alone on the loopback of its machine, or one of several members over TLS on the lab's network. */
import { etcdMachines, hasSeveral, layoutOf, type LabSpec, type Member } from './layout.ts'
import type { Program } from './services.ts'

const CLIENT_PORT = 2379
const PEER_PORT = 2380

/** A lone member hears itself at once. Several share processors with all of the lab: an election must not come of a moment's wait. */
const TIMERS = { alone: { heartbeatMs: 10, electionMs: 100 }, several: { heartbeatMs: 30, electionMs: 300 } } as const

/**
 * Go's scheduler wakes a thread at nearly each step of a put; with one that runs they follow each other without, and a write that comes alone is answered 6 % sooner (many at a time
 * 2 %). One processor's etcd is more than a lab's control planes can ask of it.
 */
const ETCD_ENV = { GOMAXPROCS: '1' } as const

const addressOf = (spec: LabSpec, machine: string): string => (hasSeveral(spec) ? `https://${layoutOf(spec).addressOf(machine)}` : 'http://127.0.0.1')

/** Where a control plane finds etcd: the member on its own machine first. */
export const etcdEndpoints = (spec: LabSpec, machine: string): readonly string[] =>
  [machine, ...etcdMachines(spec).filter((other) => other !== machine)].map((one) => `${addressOf(spec, one)}:${CLIENT_PORT}`)

const memberName = (spec: LabSpec, machine: string): string => (hasSeveral(spec) ? machine : spec.name)

export function etcdProgram(spec: LabSpec, member: Member): Program {
  const address = addressOf(spec, member.machine)
  const { heartbeatMs, electionMs } = hasSeveral(spec) ? TIMERS.several : TIMERS.alone
  const command = [
    'etcd',
    `--name=${memberName(spec, member.machine)}`,
    `--data-dir=${layoutOf(spec).memberState(member.name)}/data`,
    `--listen-client-urls=${address}:${CLIENT_PORT}`,
    `--advertise-client-urls=${address}:${CLIENT_PORT}`,
    `--listen-peer-urls=${address}:${PEER_PORT}`,
    `--initial-advertise-peer-urls=${address}:${PEER_PORT}`,
    `--initial-cluster=${etcdMachines(spec).map((machine) => `${memberName(spec, machine)}=${addressOf(spec, machine)}:${PEER_PORT}`).join(',')}`,
    ...(hasSeveral(spec) ? tlsFlags(spec) : []),
    `--heartbeat-interval=${heartbeatMs}`,
    `--election-timeout=${electionMs}`,
    ...(spec.etcdQuotaBytes === undefined ? [] : [`--quota-backend-bytes=${spec.etcdQuotaBytes}`]),
    '--max-txn-ops=4096',
    '--max-request-bytes=33554432',
    '--auto-compaction-mode=periodic',
    '--auto-compaction-retention=5m',
    '--snapshot-count=10000',
    '--logger=zap',
    '--log-outputs=stderr',
    '--log-level=warn',
  ]
  return { member, command, env: ETCD_ENV }
}

function tlsFlags(spec: LabSpec): readonly string[] {
  const { pki } = layoutOf(spec)
  const files = [`cert-file=${pki}/etcd.crt`, `key-file=${pki}/etcd.key`, `trusted-ca-file=${pki}/etcd-ca.crt`, 'client-cert-auth=true']
  return [`--initial-cluster-token=gantry-${spec.name}`, ...files.map((flag) => `--${flag}`), ...files.map((flag) => `--peer-${flag}`)]
}
