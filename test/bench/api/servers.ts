/** The two servers under load: a control plane with its etcd, in a lab without nodes, and a bare HTTPS server. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { processesOf } from '../../../deploy/lab/cgroups.ts'
import { labIdentity } from '../../../deploy/lab/identity.ts'
import { layoutOf, membersOf } from '../../../deploy/lab/layout.ts'
import { readSpec } from '../../../deploy/lab/spec.ts'
import { systemClock } from '../../../shared/kit/clock.ts'
import { createAuthority, issueCertificate } from '../../../shared/kit/pki.ts'
import { labDown, labUp } from '../cluster.ts'
import { megabytes, memoryOfAll } from '../processes.ts'
import { createClient, type Client } from './load.ts'

export interface Servers extends AsyncDisposable {
  readonly ours: Client
  readonly bare: Client
  /** Of the control plane's process. */
  residentMegabytes(): Promise<number>
}

const LAB = 'bench-api'

export async function openServers(): Promise<Servers> {
  await labDown(LAB)
  await labUp(LAB, 0)
  const spec = await readSpec(LAB)
  if (spec === undefined) throw new Error(`lab ${LAB} is not there`)
  const { ca, admin } = await labIdentity(spec)
  const ours = createClient({ url: layoutOf(spec).server, ca, cert: admin.certificatePem, key: admin.privateKeyPem })
  const machine = membersOf(spec).find(({ kind }) => kind === 'control-plane')?.machine ?? ''
  const bare = await startBare({ netns: layoutOf(spec).netnsPath(machine), address: layoutOf(spec).addressOf(machine) })
  return {
    ours,
    bare: bare.client,
    async residentMegabytes() {
      const member = membersOf(spec).find(({ kind }) => kind === 'control-plane')?.name ?? ''
      return megabytes((await memoryOfAll(await processesOf(`${layoutOf(spec).memberCgroup(member)}/agent`))).residentBytes)
    },
    async [Symbol.asyncDispose]() {
      ours[Symbol.dispose]()
      bare[Symbol.dispose]()
      await labDown(LAB)
    },
  }
}

interface Place {
  readonly netns: string
  readonly address: string
}

/** It stands where the control plane stands, so that clients come to both by the same road. */
async function startBare({ netns, address }: Place): Promise<Disposable & { readonly client: Client }> {
  const clock = systemClock
  const authority = await createAuthority({ clock })
  const { certificatePem, privateKeyPem } = await issueCertificate(authority, { commonName: 'bare', organizations: [], usages: ['server'], dnsNames: ['localhost'], ipAddresses: [address], clock })
  const folder = mkdtempSync(join(tmpdir(), 'gantry-bench-'))
  const file = join(folder, 'tls.json')
  writeFileSync(file, JSON.stringify({ key: privateKeyPem, cert: certificatePem }), { mode: 0o600 })
  const child = spawn('nsenter', [`--net=${netns}`, process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'bare.ts'), file, address], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise<string>((resolve, reject) => {
    child.once('error', reject)
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()))
  })
  const client = createClient({ url: `https://${address}:${port}`, ca: authority.certificatePem })
  return {
    client,
    [Symbol.dispose]() {
      client[Symbol.dispose]()
      child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
