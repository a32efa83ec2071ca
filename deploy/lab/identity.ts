/** What a lab's cluster is known by: its CA, the certificates of its first members, the key of its tokens, the secret of its join token. Made once. */
import { createHash, randomBytes, X509Certificate } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { systemClock } from '../../shared/kit/clock.ts'
import { createAuthority, createTokenKeys, issueCertificate, type Identity } from '../../shared/kit/pki.ts'
import { etcdMachines, hasSeveral, layoutOf, machinesOf, type LabSpec } from './layout.ts'

export interface LabIdentity {
  readonly ca: string
  readonly admin: Identity
  /** From which join tokens are made: secret, and none itself. */
  readonly joinRoot: string
}

const SERVICE_NAMES = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local', 'localhost']

/** Answers the lab's identity, made if there is none yet. */
export async function labIdentity(spec: LabSpec): Promise<LabIdentity> {
  const { pki } = layoutOf(spec)
  const read = (name: string): Promise<string> => readFile(`${pki}/${name}`, 'utf8')
  try {
    const [ca, cert, key, joinRoot] = await Promise.all([read('ca.crt'), read('admin.crt'), read('admin.key'), read('join-token')])
    return { ca, admin: { certificatePem: cert, privateKeyPem: key }, joinRoot }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return createIdentity(spec)
  }
}

async function createIdentity(spec: LabSpec): Promise<LabIdentity> {
  const { pki, apiAddress, hostAddress, addressOf } = layoutOf(spec)
  const clock = systemClock
  const authority = await createAuthority({ commonName: `gantry-${spec.name}`, clock })
  const servers = hasSeveral(spec) ? [apiAddress, ...machinesOf(spec).map(addressOf)] : [apiAddress]
  const [server, admin, etcd] = await Promise.all([
    issueCertificate(authority, { commonName: 'gantry-control-plane', organizations: [], usages: ['server', 'client'], dnsNames: SERVICE_NAMES, ipAddresses: ['127.0.0.1', '10.96.0.1', ...servers, hostAddress], clock }),
    issueCertificate(authority, { commonName: 'kubernetes-admin', organizations: ['system:masters'], usages: ['client'], clock }),
    etcdFiles(spec),
  ])
  const tokens = createTokenKeys()
  const secret = randomBytes(18).toString('base64url')
  const fingerprint = createHash('sha256').update(new X509Certificate(authority.certificatePem).raw).digest('hex')
  const joinRoot = `gantry1.${fingerprint}.${secret}`
  await mkdir(pki, { recursive: true, mode: 0o700 })
  const files: Readonly<Record<string, string>> = {
    'ca.key': authority.privateKeyPem,
    'server.crt': server.certificatePem,
    'server.key': server.privateKeyPem,
    'admin.crt': admin.certificatePem,
    'admin.key': admin.privateKeyPem,
    'tokens.key': tokens.privateKeyPem,
    'tokens.pub': tokens.publicKeyPem,
    ...etcd,
    'ca.crt': authority.certificatePem,
  }
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(`${pki}/${name}`, text, { mode: 0o600 })))
  // Last: while it is missing, everything is made anew.
  await writeFile(`${pki}/join-token.new`, `${joinRoot}\n`, { mode: 0o600 })
  await rename(`${pki}/join-token.new`, `${pki}/join-token`)
  return { ca: authority.certificatePem, admin, joinRoot }
}

/** Several members of etcd talk over the lab's network, where pods are too: an authority of their own lets in whom it knows, and nobody else (no node has a certificate of it). */
async function etcdFiles(spec: LabSpec): Promise<Readonly<Record<string, string>>> {
  if (!hasSeveral(spec)) return {}
  const clock = systemClock
  const authority = await createAuthority({ commonName: `gantry-${spec.name}-etcd`, clock })
  const ipAddresses = ['127.0.0.1', ...etcdMachines(spec).map(layoutOf(spec).addressOf)]
  const member = await issueCertificate(authority, { commonName: 'gantry-etcd', organizations: [], usages: ['server', 'client'], dnsNames: ['localhost'], ipAddresses, clock })
  return { 'etcd-ca.crt': authority.certificatePem, 'etcd.crt': member.certificatePem, 'etcd.key': member.privateKeyPem }
}
