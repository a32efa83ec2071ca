import { readFile } from 'node:fs/promises'
import type { Clock } from '../../../shared/kit/clock.ts'
import { Fault, isFault } from '../../../shared/kit/faults.ts'
import type { Random } from '../../../shared/kit/random.ts'
import { faultOfSystemError } from '../../host/errno.ts'
import { checkDigest, digestOf, type Digest } from '../digest.ts'
import { readBlob } from './blob.ts'
import { Caller } from './caller.ts'
import { bodyBytes, bodyText } from './documents.ts'
import { endpointsOf, type Endpoint } from './endpoints.ts'
import type { Http, HttpAnswer, TlsTrust } from './http.ts'
import { isPrivate, loginsFor } from './logins.ts'
import { ACCEPT_MANIFESTS, MANIFEST_TYPES, MAX_MANIFEST_BYTES } from './manifest.ts'
import type { OwnLogins } from './own-logins.ts'
import type { BlobSource, Descriptor, ManifestBytes, OpenOptions, RegistryLogin, RepositorySession } from './port.ts'
import { pushBlob, pushManifest } from './push.ts'
import type { Capability, HostEntry, RegistrySettings } from './settings.ts'
import { stallOf } from './stall.ts'

export interface SessionOptions extends OpenOptions {
  readonly repository: string
  readonly settings: () => Promise<RegistrySettings>
  readonly ownLogins: OwnLogins
  readonly http: Http
  readonly clock: Clock
  readonly random: Random
}

interface Candidate {
  readonly caller: Caller
  /** By which it is let in, where it is: a login, or what the settings show to this server. */
  readonly right: RegistryLogin | undefined
  readonly capabilities: ReadonlySet<Capability>
}

const MAX_TAGS_BYTES = 16 << 20

/** See {@link RepositorySession}. */
export class DistributionSession implements RepositorySession {
  readonly #options: SessionOptions
  #candidates: Promise<readonly Candidate[]> | undefined
  /** Who answered last, for each thing that is asked: who may only be pulled from never resolves a name. */
  readonly #preferred = new Map<Capability, Candidate>()
  /** Who did not answer when last asked, whatever it was: not asked first for something else. */
  readonly #failed = new Set<Candidate>()
  #login: RegistryLogin | undefined

  constructor(options: SessionOptions) {
    this.#options = options
  }

  get login(): RegistryLogin | undefined {
    return this.#login
  }

  async ownLogins(): Promise<readonly RegistryLogin[]> {
    const { repository, settings, ownLogins } = this.#options
    const found = endpointsOf(repository, await settings(), 'pull')
    const endpoints = found.kind === 'ok' ? found.endpoints : []
    const own = await ownLogins({ repository, hosts: [...new Set(endpoints.map(({ host }) => host))] })
    const places = new Set([repository, ...endpoints.map((endpoint) => `${endpoint.host}/${endpoint.repository}`)])
    return [...new Set([...places].flatMap((place) => loginsFor(place, own)))]
  }

  async resolve({ tag, digest }: Parameters<RepositorySession['resolve']>[0]): Promise<Descriptor> {
    const name = digest ?? tag ?? 'latest'
    return this.#first('resolve', async (caller) => {
      const { headers, discard } = await caller.call({ method: 'HEAD', path: `manifests/${name}`, headers: { accept: ACCEPT_MANIFESTS }, ok: [200] })
      discard()
      const told = digest ?? headers['docker-content-digest']
      const sizeBytes = Number(headers['content-length'])
      if (typeof told === 'string' && DIGEST.test(told) && Number.isSafeInteger(sizeBytes)) return { mediaType: mediaTypeOf(headers['content-type']), digest: told as Digest, sizeBytes }
      // A registry that does not tell: its manifest does.
      const manifest = await readManifest(caller, name, undefined)
      return { mediaType: manifest.mediaType, digest: manifest.digest, sizeBytes: manifest.bytes.length }
    })
  }

  manifest(digest: Digest): Promise<ManifestBytes> {
    return this.#first('pull', (caller) => readManifest(caller, digest, digest))
  }

  blob(descriptor: Descriptor, from = 0): AsyncIterable<Buffer> {
    const { clock, random, signal } = this.#options
    const fetch = (offset: number): Promise<HttpAnswer> =>
      this.#first('pull', (caller) => caller.call({ method: 'GET', path: `blobs/${descriptor.digest}`, headers: offset === 0 ? {} : { range: `bytes=${offset}-` }, ok: [200, 206] }))
    return readBlob(descriptor, { clock, random, signal, fetch, from })
  }

  hasBlob(digest: Digest): Promise<boolean> {
    return this.#first(this.#options.actions === 'pull' ? 'pull' : 'push', async (caller) => {
      const { status, discard } = await caller.call({ method: 'HEAD', path: `blobs/${digest}`, ok: [200, 404] })
      discard()
      return status === 200
    })
  }

  async pushBlob(blob: BlobSource, onBytes: (count: number) => void = () => {}): Promise<'exists' | 'mounted' | 'pushed'> {
    if (await this.hasBlob(blob.digest)) return 'exists'
    return this.#first('push', (caller) => pushBlob(caller, blob, { ...this.#options, onBytes }))
  }

  pushManifest(name: string, manifest: Pick<ManifestBytes, 'mediaType' | 'bytes'>): Promise<Digest> {
    return this.#first('push', (caller) => pushManifest(caller, name, manifest))
  }

  tags(): Promise<readonly string[]> {
    return this.#first('resolve', async (caller) => {
      const answer = await caller.call({ method: 'GET', path: 'tags/list', ok: [200] })
      const document = JSON.parse(await bodyText(answer, MAX_TAGS_BYTES)) as { readonly tags?: unknown }
      return Array.isArray(document.tags) ? document.tags.filter((one): one is string => typeof one === 'string') : []
    })
  }

  /** Asks one after the other; what is wrong with the last (the registry's own server, the last login) is what is told. */
  async #first<T>(capability: Capability, ask: (caller: Caller) => Promise<T>): Promise<T> {
    const all = (await (this.#candidates ??= this.#openCandidates())).filter(({ capabilities }) => capabilities.has(capability))
    const rank = (one: Candidate): number => (one === this.#preferred.get(capability) ? 0 : this.#failed.has(one) ? 2 : 1)
    const ordered = all.toSorted((a, b) => rank(a) - rank(b))
    let failure: unknown = new Fault('invalid', `no server of ${this.#options.repository} may be asked for this: its settings leave no capability "${capability}"`)
    const stalled = new Set<string>()
    for (const candidate of ordered) {
      // Who answers nobody does not answer another login.
      if (stalled.has(candidate.caller.base)) continue
      try {
        const answer = await ask(candidate.caller)
        this.#answered(capability, candidate)
        return answer
      } catch (error) {
        this.#options.signal.throwIfAborted()
        if (!isFault(error)) throw error
        this.#failed.add(candidate)
        if (stallOf(error) !== undefined) stalled.add(candidate.caller.base)
        failure = error
      }
    }
    throw failure
  }

  /** By a secret once, by a secret for good: what an open mirror, or the node's own login, gives beside it makes the whole no less private. */
  #answered(capability: Capability, candidate: Candidate): void {
    this.#preferred.set(capability, candidate)
    this.#failed.delete(candidate)
    if (this.#login === undefined || !isPrivate(this.#login)) this.#login = candidate.right ?? this.#login
  }

  async #openCandidates(): Promise<readonly Candidate[]> {
    const { repository, actions, settings, ownLogins } = this.#options
    const found = endpointsOf(repository, await settings(), actions === 'pull' ? 'pull' : 'push')
    if (found.kind === 'not-asked') throw new Fault('not-found', `no registry ${found.registry} is configured here, and names are not looked up: name it in the settings of registries, bring the image with "gantry image pull" (the host of a lab asks any registry), or load its archive with "gantry image import FILE"`)
    const logins = [...this.#options.logins, ...(await ownLogins({ repository, hosts: [...new Set(found.endpoints.map(({ host }) => host))] }))]
    const candidates: Candidate[] = []
    for (const endpoint of found.endpoints) {
      const tls = await readTrust(endpoint)
      const fitting = loginsFor(`${endpoint.host}/${endpoint.repository}`, logins)
      for (const login of fitting.length === 0 ? [undefined] : fitting) candidates.push({ caller: new Caller({ ...this.#options, endpoint, login, tls }), right: login ?? shownBySettings(endpoint, tls), capabilities: endpoint.settings.capabilities })
    }
    return candidates
  }
}

const DIGEST = /^sha256:[a-f0-9]{64}$/

const mediaTypeOf = (header: string | undefined): string => header?.split(';')[0]?.trim() || MANIFEST_TYPES.ociManifest

/** A certificate or a header of the settings may open what is closed to others: it counts as a login of the node. */
const shownBySettings = ({ host, settings: { header } }: Endpoint, { cert = '' }: TlsTrust): RegistryLogin | undefined =>
  cert === '' && Object.keys(header).length === 0 ? undefined : { registry: host, credential: { kind: 'access-token', token: JSON.stringify([cert, header]) } }

async function readManifest(caller: Caller, name: string, expected: Digest | undefined): Promise<ManifestBytes> {
  const answer = await caller.call({ method: 'GET', path: `manifests/${name}`, headers: { accept: ACCEPT_MANIFESTS }, ok: [200] })
  const bytes = await bodyBytes(answer, MAX_MANIFEST_BYTES)
  const digest = digestOf(bytes)
  if (expected !== undefined) checkDigest(digest, expected, `the manifest ${name}`)
  return { mediaType: mediaTypeOf(answer.headers['content-type']), digest, bytes }
}

async function readTrust({ settings, base }: Endpoint): Promise<TlsTrust> {
  const { ca, client, skipVerify }: HostEntry = settings
  if (base.startsWith('http:')) return { ca: [], skipVerify: false }
  const read = async (file: string): Promise<string> => {
    try {
      return await readFile(file, 'utf8')
    } catch (error) {
      throw faultOfSystemError(error, `cannot read ${file}, which the settings of registries name`)
    }
  }
  const shown = client === undefined ? {} : { cert: await read(client.cert), key: await read(client.key) }
  return { ca: await Promise.all(ca.map(read)), ...shown, skipVerify }
}
