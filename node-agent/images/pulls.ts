import type { Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Archive } from './archive.ts'
import type { Digest } from './digest.ts'
import type { ImageSource } from './image-source.ts'
import type { EnsureOptions, EnsureResult, Image } from './port.ts'
import type { ImagePeers } from './peers/peers.ts'
import type { PullPolicy } from './pull-policy.ts'
import { hashedLogins, hashOfAll } from './pull-records.ts'
import type { Reference } from './reference.ts'
import type { RegistryClient, RegistryLogin } from './registry/port.ts'
import { openRemoteImage, type PullProgress } from './registry/remote-image.ts'
import { SharedWork } from './shared-work.ts'
import { Turns } from './turns.ts'

export interface PullsOptions {
  readonly registry: RegistryClient
  readonly clock: Clock
  /** Node's name of the processor. */
  readonly nodeArch: string
  /** By full name. */
  readonly find: (full: string) => Promise<Image | undefined>
  /** Takes what is missing into the store, and gives it its names. */
  readonly add: (source: ImageSource, archive: Archive, origin: 'pulled' | 'peer') => Promise<Image>
  /** Another name for an image that is here. */
  readonly name: (image: Image, full: string) => Promise<Image>
  /** Whether a pod with these logins may use an image that is here without asking its registry. */
  readonly mayUse: (image: Image, reference: Reference, logins: readonly RegistryLogin[]) => Promise<boolean>
  /** Whether such a pod may use what somebody brought by hand. */
  readonly mayUseLocal: (repository: string, logins: readonly RegistryLogin[]) => boolean
  /** The other nodes, which may have the image or a part of it. */
  readonly peers?: Pick<ImagePeers, 'around'> | undefined
  /** By which login an image was pulled. */
  readonly note: (image: Image, pulled: { readonly repository: string; readonly login: RegistryLogin | undefined }) => Promise<void>
}

/** So many images of one registry are pulled at once; its others wait for their turn. */
const PULLS_AT_ONCE = 3

/** The advice where no registry is asked. */
const IMPORT = 'gantry image import'

type Pulled = { readonly kind: 'pulled'; readonly image: Image; readonly pullMs: number } | { readonly kind: 'failed'; readonly message: string }

/** Pulls of one store. Who asks for what is being pulled already, with the same logins, waits for that; layers are shared between all (see layers.ts). */
export class Pulls {
  readonly #options: PullsOptions
  readonly #turns = new Turns(PULLS_AT_ONCE)
  readonly #shared = new SharedWork<Pulled>()

  constructor(options: PullsOptions) {
    this.#options = options
  }

  /** @param policy of `Always` only the registry's own word counts. @param present what is known under the name. Rejects only when the signal aborts, or by a mistake of ours. */
  async pull(reference: Reference, present: Image | undefined, { signal, logins = [], onProgress, policy = 'Always' }: PullOptions): Promise<EnsureResult> {
    const { clock } = this.#options
    const startMs = clock.monotonicMs()
    const key = JSON.stringify([reference.full, hashOfAll(logins), policy])
    const pulled = await this.#shared.run(key, signal, (whole) => this.#turns.run(registryOf(reference), () => this.#pull(reference, { logins, signal: whole, onProgress, policy })))
    if (pulled.kind === 'pulled') return { kind: 'present', image: pulled.image, pulled: { pullMs: pulled.pullMs, totalMs: clock.monotonicMs() - startMs } }
    const hint = pulled.message.includes(IMPORT) && present !== undefined ? '; the image is here: set imagePullPolicy to IfNotPresent, or use another tag than latest' : ''
    return { kind: 'refused', reason: 'ErrImagePull', message: pulled.message + hint }
  }

  async #pull(reference: Reference, options: PullOptions): Promise<Pulled> {
    const { clock } = this.#options
    const startMs = clock.monotonicMs()
    try {
      const image = await this.#fetch(reference, options)
      return { kind: 'pulled', image, pullMs: clock.monotonicMs() - startMs }
    } catch (error) {
      options.signal.throwIfAborted()
      if (!isFault(error)) throw error
      return { kind: 'failed', message: `failed to pull and unpack image "${reference.full}": ${messageOf(error)}` }
    }
  }

  async #fetch(reference: Reference, { logins = [], signal, onProgress, policy }: PullOptions): Promise<Image> {
    const { registry, nodeArch, find, add, name, note, peers, mayUseLocal } = this.#options
    const { repository, full } = reference
    const ended = new AbortController()
    const together = AbortSignal.any([signal, ended.signal])
    const inner = registry.open(repository, { logins, actions: 'pull', signal: together })
    using shared = peers?.around({ inner, reference, shown: hashedLogins(repository, logins), asksNames: policy === 'IfNotPresent', mayUseLocal: mayUseLocal(repository, logins), signal: together })
    const session = shared ?? inner
    const { digest } = await resolved(session.resolve(reference), full)
    const word = shared?.word
    const noted = async (image: Image): Promise<void> => {
      if (word?.right === 'local') return
      const { login } = session
      await note(image, { repository, login })
      if (login?.isPersonal === true) await this.#noteBare(image, { repository, digest, signal: together })
    }
    const known = await find(`${repository}@${digest}`)
    if (known !== undefined) {
      // Another node's word opens nothing that is here already.
      if (word !== undefined && !(await this.#options.mayUse(known, reference, logins))) throw word.refusal
      // Who may resolve it may have it: noted before it is found under another name.
      if (word === undefined) await noted(known)
      return await name(known, full)
    }
    const seen = new Set<string>()
    const told = (progress: PullProgress): void => {
      seen.add(progress.digest)
      onProgress?.(progress)
    }
    const { source, archive } = await openRemoteImage(session, { reference, digest }, { nodeArch, onProgress: told, abandon: () => ended.abort(new Fault('cancelled', 'another layer of the image failed')) })
    const image = await add(source, archive, word?.right === 'local' ? 'peer' : 'pulled')
    for (const { name: layer } of source.layers) if (!seen.has(layer)) onProgress?.({ digest: layer, doneBytes: 0, totalBytes: 0, state: 'exists' })
    await noted(image)
    return image
  }

  /** A person's login opens nothing to others. But it is shown for public images, too: what the registry gives without it is as open as if it had not been shown. */
  async #noteBare(image: Image, { repository, digest, signal }: Bare): Promise<void> {
    const { registry, note } = this.#options
    const bare = registry.open(repository, { logins: [], actions: 'pull', signal })
    try {
      await bare.resolve({ digest })
    } catch (error) {
      signal.throwIfAborted()
      if (!isFault(error)) throw error
      return
    }
    await note(image, { repository, login: bare.login })
  }
}

interface Bare {
  readonly repository: string
  readonly digest: Digest
  readonly signal: AbortSignal
}

interface PullOptions extends EnsureOptions {
  readonly policy?: PullPolicy
}

/** Turns are by registry: one that keeps silent holds up nobody's pulls from another. */
const registryOf = ({ repository }: Reference): string => repository.slice(0, repository.indexOf('/'))

/** In the words of containerd, which people search for. */
async function resolved<T>(resolving: Promise<T>, full: string): Promise<T> {
  try {
    return await resolving
  } catch (error) {
    if (!isFault(error)) throw error
    const advice = error.message.includes(IMPORT) ? ` (${error.message})` : ''
    const why = error.code === 'not-found' ? `${full}: not found${advice}` : error.message
    throw new Fault(error.code, `failed to resolve reference "${full}": ${why}`, { cause: error })
  }
}
