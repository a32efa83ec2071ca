/** A real registry (Debian's docker-registry) on loopback, a token service, and a way between that can be spoilt. */
import { spawn, type ChildProcess } from 'node:child_process'
import { createPrivateKey, createSign, X509Certificate } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createNetServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { existsSync } from 'node:fs'
import { createAuthority, issueCertificate, type Identity } from '../../shared/kit/pki.ts'
import { systemClock } from '../../shared/kit/clock.ts'

const PROGRAM = ['/usr/bin/docker-registry', '/usr/local/bin/docker-registry'].find((path) => existsSync(path))

/** Without the program nothing of this can be tested. */
export const hasRegistry = PROGRAM !== undefined

/** Of the user `me` whose password is `secret`. */
const HTPASSWD = 'me:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n'
export const LOGIN = { username: 'me', password: 'secret' } as const

export interface RegistryOptions {
  /** With a certificate of `authority`, which the answer has. */
  readonly tls?: boolean
  readonly auth?: 'htpasswd' | { readonly realm: string; readonly certificatePem: string }
  /** Where it listens; loopback unless given. */
  readonly address?: string
  /** What starts the program: `ip netns exec`, for a registry elsewhere. */
  readonly prefix?: readonly string[]
}

export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string
  /** File of the authority its certificate is of. */
  readonly ca: string
}

/** Resolves when it listens. */
export async function startRegistry({ tls = false, auth, address = '127.0.0.1', prefix = [] }: RegistryOptions = {}): Promise<TestRegistry> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-registry-'))
  const ca = join(folder, 'ca.pem')
  const authority = await createAuthority({ clock: systemClock })
  await writeFile(ca, authority.certificatePem)
  await mkdir(join(folder, 'data'))
  await writeFile(join(folder, 'htpasswd'), HTPASSWD)
  const identity = await issueCertificate(authority, { commonName: 'registry', organizations: [], usages: ['server'], ipAddresses: [address], clock: systemClock })
  await writeFile(join(folder, 'cert.pem'), identity.certificatePem)
  await writeFile(join(folder, 'key.pem'), identity.privateKeyPem, { mode: 0o600 })
  for (let tries = 0; ; tries++) {
    const port = await freePort()
    await writeFile(join(folder, 'config.json'), JSON.stringify(await configOf({ folder, listen: `${address}:${port}`, tls, auth })))
    const child = await listening([...prefix, PROGRAM ?? 'docker-registry', 'serve', join(folder, 'config.json')])
    if (child === undefined && tries < 5) continue
    if (child === undefined) throw new Error('docker-registry does not start')
    const gone = new Promise((resolve) => void child.once('close', resolve))
    const stop = async (): Promise<void> => {
      child.kill('SIGKILL')
      await gone
      await rm(folder, { recursive: true, force: true })
    }
    return { host: `${address}:${port}`, ca, [Symbol.asyncDispose]: stop }
  }
}

interface Configured {
  readonly folder: string
  readonly listen: string
  readonly tls: boolean
  readonly auth: RegistryOptions['auth']
}

async function configOf({ folder, listen, tls, auth }: Configured): Promise<object> {
  if (typeof auth === 'object') await writeFile(join(folder, 'issuer.pem'), auth.certificatePem)
  const token = typeof auth === 'object' && { token: { realm: auth.realm, service: 'test-registry', issuer: 'test-issuer', rootcertbundle: join(folder, 'issuer.pem') } }
  const htpasswd = auth === 'htpasswd' && { htpasswd: { realm: 'here', path: join(folder, 'htpasswd') } }
  return {
    version: '0.1',
    log: { level: 'info', formatter: 'json' },
    storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
    http: { addr: listen, secret: 'of this test', ...(tls && { tls: { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') } }) },
    ...((token || htpasswd) && { auth: token || htpasswd }),
  }
}

/** Undefined when it ended before: somebody else had the port. */
function listening([program = '', ...words]: readonly string[]): Promise<ChildProcess | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] })
    let said = ''
    const hear = (text: Buffer): void => {
      said += text.toString()
      if (said.includes('listening on')) resolve(child)
      if (said.length > 1 << 20) said = ''
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.once('error', reject)
    child.once('exit', () => resolve(undefined))
  })
}

export async function freePort(): Promise<number> {
  const server = createNetServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

async function serve(handler: (asked: IncomingMessage, answer: ServerResponse) => void): Promise<{ readonly origin: string } & AsyncDisposable> {
  const server: Server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export interface TokenService extends AsyncDisposable {
  readonly realm: string
  /** What the registry must believe. */
  readonly certificatePem: string
  /** What was asked for, in order. */
  readonly asked: ReadonlyArray<{ readonly method: string; readonly scope: string; readonly authorization: string | undefined; readonly grant: string | null }>
  /** How long the tokens are good that are given from now on; negative: they have run out already. */
  lifeS: number
}

/** Gives tokens to `me` with the password `secret`, or with the refresh token `refresh-me`; to everybody else for what is `public/…`. */
export async function startTokenService(): Promise<TokenService> {
  const authority = await createAuthority({ clock: systemClock })
  const asked: Array<TokenService['asked'][number]> = []
  const basic = `Basic ${Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString('base64')}`
  const state = { lifeS: 300 }
  const server = await serve((incoming, answer) => {
    let text = ''
    incoming.setEncoding('utf8').on('data', (part: string) => (text += part))
    incoming.on('end', () => {
      const query = incoming.method === 'POST' ? new URLSearchParams(text) : new URL(incoming.url ?? '', 'http://x').searchParams
      const scope = query.getAll('scope').join(' ')
      const { authorization } = incoming.headers
      asked.push({ method: incoming.method ?? '', scope, authorization, grant: query.get('grant_type') })
      const isKnown = authorization === basic || query.get('refresh_token') === 'refresh-me'
      if (authorization !== undefined && !isKnown) return void answer.writeHead(401).end('{}')
      const access = isKnown || scope.includes('repository:public/') ? accessOf(scope) : []
      answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token: signToken(authority, access, state.lifeS), expires_in: Math.max(60, state.lifeS) }))
    })
  })
  return {
    realm: `${server.origin}/token`,
    certificatePem: authority.certificatePem,
    asked,
    get lifeS() {
      return state.lifeS
    },
    set lifeS(seconds) {
      state.lifeS = seconds
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

const accessOf = (scope: string): readonly object[] =>
  scope.split(' ').flatMap((one) => {
    const [type, name, actions] = one.split(':')
    return actions === undefined ? [] : [{ type, name, actions: actions.split(',') }]
  })

function signToken({ certificatePem, privateKeyPem }: Identity, access: readonly object[], lifeS: number): string {
  const nowS = Math.floor(Date.now() / 1000)
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
  const signed = [
    encode({ typ: 'JWT', alg: 'ES256', x5c: [new X509Certificate(certificatePem).raw.toString('base64')] }),
    encode({ iss: 'test-issuer', sub: 'me', aud: 'test-registry', exp: nowS + lifeS, nbf: nowS - 3600, iat: nowS - 3600, jti: String(nowS), access }),
  ].join('.')
  const signature = createSign('SHA256').update(signed).sign({ key: createPrivateKey(privateKeyPem), dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

/** What happens to one exchange. */
export type Trouble =
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** The request is cut before all of its body has gone on. */
  | { readonly kind: 'cut-request'; readonly afterBytes: number }
  | { readonly kind: 'wrong-bytes' }
  | { readonly kind: 'slow'; readonly pieces: number }
  /** The first of its answer comes, the rest only when this resolves. */
  | { readonly kind: 'held'; readonly until: Promise<void> }

export interface SpoiltWay extends AsyncDisposable {
  readonly host: string
  readonly seen: ReadonlyArray<{ readonly method: string; readonly path: string; readonly headers: IncomingMessage['headers'] }>
  /** Asked for each exchange. */
  trouble: (method: string, path: string) => Trouble | undefined
}

/** In front of a registry without TLS. */
export async function spoiltWay(host: string): Promise<SpoiltWay> {
  const seen: Array<SpoiltWay['seen'][number]> = []
  const state: { trouble: SpoiltWay['trouble'] } = { trouble: () => undefined }
  const server = await serve((asked, answer) => {
    const [method, path] = [asked.method ?? '', asked.url ?? '']
    seen.push({ method, path, headers: asked.headers })
    const trouble = state.trouble(method, path)
    if (trouble?.kind === 'status') {
      asked.resume()
      return void answer.writeHead(trouble.status, trouble.headers).end()
    }
    const [hostname, port] = host.split(':')
    const onward = request({ hostname, port, method, path, headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers)
      void passOn(got, answer, trouble)
    })
    onward.on('error', () => answer.destroy())
    if (trouble?.kind !== 'cut-request') return void asked.pipe(onward)
    let passed = 0
    asked.on('data', (chunk: Buffer) => {
      const rest = trouble.afterBytes - passed
      passed += chunk.length
      if (chunk.length < rest) return void onward.write(chunk)
      onward.write(chunk.subarray(0, rest), () => {
        onward.destroy()
        answer.destroy()
      })
    })
  })
  return {
    host: server.origin.slice('http://'.length),
    seen,
    get trouble() {
      return state.trouble
    },
    set trouble(trouble) {
      state.trouble = trouble
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function passOn(got: IncomingMessage, answer: ServerResponse, trouble: Trouble | undefined): Promise<void> {
  let passed = 0
  const write = (bytes: Buffer): Promise<void> => new Promise((resolve) => void answer.write(bytes, () => resolve()))
  try {
    for await (const chunk of got as AsyncIterable<Buffer>) {
      if (trouble?.kind === 'cut' && passed + chunk.length > trouble.afterBytes) {
        await write(chunk.subarray(0, trouble.afterBytes - passed))
        return void answer.destroy()
      }
      if (trouble?.kind === 'wrong-bytes' && passed === 0) chunk[chunk.length >> 1] = (chunk[chunk.length >> 1] ?? 0) ^ 0xff
      passed += chunk.length
      const step = trouble?.kind === 'slow' ? Math.ceil(chunk.length / trouble.pieces) : chunk.length
      for (let at = 0; at < chunk.length; at += step) await write(chunk.subarray(at, at + step))
      if (trouble?.kind === 'held') await trouble.until
    }
    answer.end()
  } catch {
    answer.destroy()
  }
}
