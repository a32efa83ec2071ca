/** The control plane as a process: `control-plane --config FILE`. */
import { createApiDoor, preloadApiDoor } from './apiserver/http/door.ts'
import { untilServing } from './apiserver/http/starting.ts'
import { readControlPlaneConfig, readPki, termsOf, type PkiFiles } from './config.ts'
import { createControlPlane, ELECTION_PREFIX } from './control-plane.ts'
import { serveNodeDoor } from './dispatch/grpc.ts'
import { createLeaderDial } from './dispatch/leader-dial.ts'
import { readEtcdTls } from './etcd-tls.ts'
import { machineId } from './machine.ts'
import { makeInThread } from './apiserver/openapi/openapi.ts'
import { longestMs } from './election/election.ts'
import { startHeartbeatThread } from './heartbeats/worker.ts'
import { createEtcdStorage } from './storage/storage.ts'
import { systemAddressHolder } from './virtual-ip/ip.ts'
import { createVirtualIp } from './virtual-ip/virtual-ip.ts'
import { systemClock, type Clock } from '../shared/kit/clock.ts'
import { Fault, messageOf } from '../shared/kit/faults.ts'
import { checkJoinSecret } from '../shared/kit/join-token.ts'
import { createLog } from '../shared/kit/log.ts'
import { keepTrimmed } from '../shared/kit/native-memory.ts'
import { certifyRequest, signCertificateRequest } from '../shared/kit/pki.ts'
import { beginCollection, giveBackMemory, growHeapSlowly } from '../shared/kit/spare-memory.ts'
import { systemRandom } from '../shared/kit/random.ts'
import { failLoudly, taskGroup } from '../shared/kit/task-group.ts'
import { VERSION } from '../shared/model/version.ts'

/** How long after its start a control plane has done what a start needs. */
const SETTLED_MS = 3_000

function configFile(): string {
  const at = process.argv.indexOf('--config')
  const file = at < 0 ? undefined : process.argv[at + 1]
  if (file === undefined) throw new Fault('invalid', 'usage: control-plane --config FILE')
  return file
}

/** Signs what a node asks for: its own name, and nothing else. Its peers call it by it too. */
const signerFor = (pki: PkiFiles, clock: Clock) => ({ nodeName, certificateRequest }: { readonly nodeName: string; readonly certificateRequest: string }): Promise<string> =>
  signCertificateRequest({ certificatePem: pki.ca, privateKeyPem: pki.caKey }, certificateRequest, { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'], usages: ['client', 'server'], clock })

async function main(): Promise<void> {
  const config = await readControlPlaneConfig(configFile())
  void preloadApiDoor()
  const pki = await readPki(config.pki)
  const clock = systemClock
  const log = createLog({ component: 'control-plane' })
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(new Fault('cancelled', `stopped by ${signal}`)))
  const etcd = { endpoints: config.etcd, tls: await readEtcdTls(config), clock, log }
  await using storage = await createEtcdStorage({ ...etcd, callMs: config.etcdCallMs, maxTxnOps: 1024 })
  // On a connection of its own: a renewal never waits behind writes, nor behind one before it, and goes to another member of etcd when one keeps that waiting.
  await using electionStorage = await createEtcdStorage({ ...etcd, callMs: config.leaderLeaseMs, longestCallMs: longestMs(config.leaderLeaseMs), patienceMs: config.leaderLeaseMs / 10, maxInFlight: 32, watched: ELECTION_PREFIX })
  const port = config.listen[0]?.port ?? 6443
  const tls = { ca: pki.ca, cert: pki.cert, key: pki.key }
  using dial = createLeaderDial(tls)
  await using heartbeats = await startHeartbeatThread({ addresses: config.heartbeats, tls, clock, log })
  const plane = createControlPlane({
    storage,
    electionStorage,
    clock,
    random: systemRandom,
    log,
    rootCaPem: pki.ca,
    clientCertificates: { sign: ({ requestPem, lifetimeSeconds }) => certifyRequest({ certificatePem: pki.ca, privateKeyPem: pki.caKey }, requestPem, { usages: ['client'], lifetimeMs: lifetimeSeconds * 1000, clock }) },
    tokensKey: pki.tokensKey,
    tokensPublicKey: pki.tokensPublicKey,
    serverAddress: `${config.advertiseAddress}:${port}`,
    advertised: { host: config.advertiseAddress, port },
    clusterCidr: config.clusterCidr,
    serviceCidr: config.serviceCidr,
    version: VERSION,
    terms: termsOf(config),
    heartbeats,
    makeDocuments: makeInThread,
    // All replicas take them in on the same port.
    heartbeatsOf: (address) => `${address.slice(0, address.lastIndexOf(':'))}:${config.heartbeats[0]?.port ?? 6446}`,
    replica: { identity: config.identity, address: `${config.advertiseAddress}:${config.nodes[0]?.port ?? 6444}`, machine: await machineId() },
    leaderLeaseMs: config.leaderLeaseMs,
    dialLeader: (address, signal) => dial.relay(address, signal),
    duties: config.virtualIp ? [createVirtualIp({ holder: systemAddressHolder({ ...config.virtualIp, log }), clock, log })] : [],
  })
  await using tasks = taskGroup(failLoudly, stop.signal)
  tasks.start('api server', (signal) => plane.serve(signal))
  // Before it campaigns: holding this port proves that no process before this one lives (see Candidate.machine).
  await using _nodes = await serveNodeDoor({
    door: plane.nodes,
    tls,
    join: { ca: pki.ca, sign: signerFor(pki, clock), check: (secret) => checkJoinSecret(pki.joinToken, secret, clock.nowMs()), isSeen: (nodeName) => plane.isNodeAlive(nodeName), onTaken: (nodeName, message) => plane.leader()?.doubled(nodeName, message) },
    addresses: config.nodes,
    joinAddresses: config.joins,
  })
  tasks.start('leader', (signal) => plane.campaign(signal))
  // From the start: whoever watches over the process sees that it lives, and what it waits for.
  let isServing = false
  await using door = await createApiDoor({ handle: untilServing(plane.handle, { isServing: () => isServing, checks: plane.checks }), tls: { key: pki.key, certificate: pki.cert, clientAuthorities: pki.ca }, authenticate: plane.authenticate, log, clock, listen: config.listen, metrics: plane.metrics })
  await plane.whenServing(stop.signal)
  isServing = true
  tasks.start('replica', (signal) => plane.announce(signal))
  log.info({ address: door.address }, 'the control plane is up')
  let cancelGiving = clock.after(SETTLED_MS, () => {
    giveBackMemory()
    growHeapSlowly()
    cancelGiving = keepTrimmed({ clock, collect: beginCollection })
  })
  await new Promise<void>((resolve) => (stop.signal.aborted ? resolve() : stop.signal.addEventListener('abort', () => resolve(), { once: true })))
  cancelGiving()
}

main().catch((error: unknown) => {
  process.stderr.write(`control-plane: ${error instanceof Fault ? error.message : error instanceof Error ? error.stack : messageOf(error)}\n`)
  process.exitCode = 1
})
