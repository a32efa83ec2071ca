/** What stood behind the recordings, whole and in this process: a control plane over memory storage, its HTTPS door, and nobody's node. */
import { writeFile } from 'node:fs/promises'
import { createApiDoor } from '../../control-plane/apiserver/http/door.ts'
import { createControlPlane } from '../../control-plane/control-plane.ts'
import { createMemoryStorage } from '../../control-plane/storage/storage.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { createLog, type Log } from '../../shared/kit/log.ts'
import { createAuthority, createTokenKeys, issueCertificate, type Identity } from '../../shared/kit/pki.ts'
import { systemRandom } from '../../shared/kit/random.ts'
import { taskGroup } from '../../shared/kit/task-group.ts'
import type { Storage } from '../../control-plane/storage/port.ts'

export interface WholeServer extends AsyncDisposable {
  readonly url: string
  readonly ca: string
  readonly admin: Identity
  /** For an administrator of the group `system:masters`. */
  writeKubeconfig(file: string): Promise<void>
}

export interface WholeServerOptions {
  /** 0: any free one. */
  readonly port?: number
  readonly storage?: Storage
  readonly log?: Log
}

const HOST = '127.0.0.1'
const encoded = (pem: string): string => Buffer.from(pem, 'utf8').toString('base64')

/** Resolves when it serves and leads. */
export async function startWholeServer({ port = 0, storage = createMemoryStorage(), log = createLog({ process: 'conformance' }, process.env['GANTRY_LOG'] ?? 'error') }: WholeServerOptions = {}): Promise<WholeServer> {
  const clock = systemClock
  const authority = await createAuthority({ clock })
  const server = await issueCertificate(authority, { commonName: 'apiserver', organizations: [], usages: ['server'], dnsNames: ['localhost'], ipAddresses: [HOST], clock })
  const admin = await issueCertificate(authority, { commonName: 'kubernetes-admin', organizations: ['system:masters'], usages: ['client'], clock })
  const tokens = createTokenKeys()
  const plane = createControlPlane({
    storage,
    clock,
    random: systemRandom,
    log,
    rootCaPem: authority.certificatePem,
    tokensKey: tokens.privateKeyPem,
    tokensPublicKey: tokens.publicKeyPem,
    serverAddress: `${HOST}:6443`,
    advertised: { host: '192.0.2.1', port: 6443 },
    clusterCidr: '10.244.0.0/16',
    version: '0.0.0',
    replica: { identity: 'conformance', address: `${HOST}:6444`, machine: 'conformance' },
  })
  const stop = new AbortController()
  const tasks = taskGroup((name, error) => log.error({ task: name, err: String(error) }, 'a part has stopped'), stop.signal)
  tasks.start('api server', (signal) => plane.serve(signal))
  tasks.start('leader', (signal) => plane.campaign(signal))
  await plane.whenServing(stop.signal)
  const tls = { key: server.privateKeyPem, certificate: server.certificatePem, clientAuthorities: authority.certificatePem }
  const door = await createApiDoor({ handle: plane.handle, tls, authenticate: plane.authenticate, log, clock, listen: [{ host: HOST, port }], metrics: plane.metrics })
  const url = `https://${HOST}:${door.address.port}`
  return {
    url,
    ca: authority.certificatePem,
    admin,
    writeKubeconfig: (file) => writeFile(file, kubeconfigText(url, authority, admin), { mode: 0o600 }),
    async [Symbol.asyncDispose]() {
      await door.close()
      stop.abort()
      await tasks[Symbol.asyncDispose]()
      await storage[Symbol.asyncDispose]()
    },
  }
}

const kubeconfigText = (url: string, authority: Identity, admin: Identity): string => `apiVersion: v1
kind: Config
clusters:
- name: conformance
  cluster:
    server: ${url}
    certificate-authority-data: ${encoded(authority.certificatePem)}
contexts:
- name: conformance
  context:
    cluster: conformance
    user: admin
current-context: conformance
users:
- name: admin
  user:
    client-certificate-data: ${encoded(admin.certificatePem)}
    client-key-data: ${encoded(admin.privateKeyPem)}
`
