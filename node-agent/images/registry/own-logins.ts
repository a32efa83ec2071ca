/** The logins that a node has itself: what its docker configs say, what their helpers know, and what credential providers give. */
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../../shared/kit/clock.ts'
import { Fault, isFault, messageOf } from '../../../shared/kit/faults.ts'
import { type Log, silentLog } from '../../../shared/kit/log.ts'
import { goDurationMs } from '../../eviction/go-duration.ts'
import { errnoOf, faultOfSystemError } from '../../host/errno.ts'
import { type ProgramOptions, type ProgramResult, runProgram } from '../../host/exec.ts'
import { findProgram } from '../../host/find-program.ts'
import { type HelperCall, helperCalls, helperLogin } from './credential-helpers.ts'
import { cacheKeysOf, type CredentialProvider, parseProvided, parseProviders, type ProvidedLogins, providerRequest, providersFor } from './credential-providers.ts'
import { loginsOf } from './logins.ts'
import type { RegistryLogin } from './port.ts'

/** What is to be pulled, and from where: only those are asked about it that know these. */
export interface LoginQuestion {
  /** `docker.io/library/busybox` */
  readonly repository: string
  /** Of the registry and its mirrors. */
  readonly hosts: readonly string[]
}

export type OwnLogins = (question: LoginQuestion) => Promise<readonly RegistryLogin[]>

export interface OwnLoginsOptions {
  /** Docker configs, the first one's entries first. */
  readonly dockerConfigs: readonly string[]
  /** A `CredentialProviderConfig`, and the folder of its programs; none where it is empty. */
  readonly providerConfig?: string
  readonly providerFolder?: string
  readonly clock: Clock
  readonly log?: Log
  /** How long a program may take. */
  readonly limitMs?: number
}

/** Kubelet's for its providers. */
const LIMIT_MS = 60_000
/** Pods that start together ask once. */
const HELPER_KEPT_MS = 60_000

/** @throws Fault('invalid') for a file that is not what it should be, 'permission' for one that may not be read. A program that fails gives nothing, and is told of in the log. */
export function createOwnLogins(options: OwnLoginsOptions): OwnLogins {
  const programs = new LoginPrograms(options)
  return async ({ repository, hosts }) => {
    const found: RegistryLogin[] = []
    for (const config of await readConfigs(options.dockerConfigs)) {
      for (const call of helperCalls(config, hosts)) found.push(...(await programs.helper(call)))
      found.push(...loginsOf(config))
    }
    return [...found, ...(await programs.provided(repository))]
  }
}

async function readConfigs(files: readonly string[]): Promise<readonly unknown[]> {
  const found: unknown[] = []
  for (const file of files) {
    try {
      found.push(JSON.parse(await readFile(file, 'utf8')) as unknown)
    } catch (error) {
      if (isFault(error) || errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') continue
      throw faultOfSystemError(error, `cannot read the docker config ${file}`)
    }
  }
  return found
}

interface Kept {
  readonly logins: readonly RegistryLogin[]
  readonly untilMs: number
}

interface Wish {
  /** Of what runs. */
  readonly name: string
  /** Under which an answer may be kept. */
  readonly keys: readonly string[]
  /** Whether its failing is worth a word. */
  readonly isTold: boolean
}

class LoginPrograms {
  readonly #options: OwnLoginsOptions
  readonly #kept = new Map<string, Kept>()
  readonly #running = new Map<string, Promise<readonly RegistryLogin[]>>()
  #providers: { readonly mtimeMs: number; readonly providers: readonly CredentialProvider[] } | undefined

  constructor(options: OwnLoginsOptions) {
    this.#options = options
  }

  async helper(call: HelperCall): Promise<readonly RegistryLogin[]> {
    const { program, server, host } = call
    const ask = async (): Promise<ProvidedLogins> => {
      const login = helperLogin(call, await this.#run(await findProgram(program), ['get'], { input: server }))
      return { logins: login === undefined ? [] : [login], cacheKey: `${program} ${host}`, cacheMs: login === undefined ? 0 : HELPER_KEPT_MS }
    }
    return await this.#once({ name: `${program} ${server}`, keys: [`${program} ${host}`], isTold: call.isNamed }, ask)
  }

  async provided(repository: string): Promise<readonly RegistryLogin[]> {
    const { providerFolder = '' } = this.#options
    const ask = async (provider: CredentialProvider): Promise<ProvidedLogins> => {
      const ran = await this.#run(join(providerFolder, provider.name), provider.args, { input: providerRequest(provider, repository), env: provider.env })
      if (ran.exitCode !== 0) throw new Fault('invalid', `the credential provider ${provider.name} failed: ${(ran.stderr.trim() || `exit code ${ran.exitCode}`).slice(0, 500)}`)
      return parseProvided(provider, repository, { stdout: ran.stdout, durationMs: goDurationMs })
    }
    const asked = providersFor(await this.#readProviders(), repository)
    return (await Promise.all(asked.map((provider) => this.#once({ name: `${provider.name} ${repository}`, keys: cacheKeysOf(provider, repository), isTold: true }, () => ask(provider))))).flat()
  }

  async #readProviders(): Promise<readonly CredentialProvider[]> {
    const { providerConfig = '' } = this.#options
    if (providerConfig === '') return []
    try {
      const { mtimeMs } = await stat(providerConfig)
      if (this.#providers?.mtimeMs === mtimeMs) return this.#providers.providers
      const { parse } = await import('yaml')
      const providers = parseProviders(parse(await readFile(providerConfig, 'utf8')), providerConfig, goDurationMs)
      this.#providers = { mtimeMs, providers }
      return providers
    } catch (error) {
      throw isFault(error) ? error : faultOfSystemError(error, `cannot read the credential providers in ${providerConfig}`)
    }
  }

  /** What is kept; or what comes of asking once, however many want it. What fails is told, and gives nothing. */
  async #once({ name, keys, isTold }: Wish, ask: () => Promise<ProvidedLogins>): Promise<readonly RegistryLogin[]> {
    const { clock, log = silentLog } = this.#options
    for (const key of keys) {
      const kept = this.#kept.get(key)
      if (kept !== undefined && kept.untilMs > clock.monotonicMs()) return kept.logins
    }
    const running = this.#running.get(name)
    if (running !== undefined) return await running
    const begun = ask().then(
      ({ logins, cacheKey, cacheMs }) => {
        if (cacheMs > 0) this.#keep(cacheKey, { logins, untilMs: clock.monotonicMs() + cacheMs })
        return logins
      },
      (error: unknown) => {
        log[isTold ? 'warn' : 'debug']({ err: messageOf(error) }, 'a program that is to give logins for registries gave none')
        return []
      },
    )
    this.#running.set(name, begun)
    try {
      return await begun
    } finally {
      this.#running.delete(name)
    }
  }

  #keep(key: string, kept: Kept): void {
    const nowMs = this.#options.clock.monotonicMs()
    for (const [old, { untilMs }] of this.#kept) if (untilMs <= nowMs) this.#kept.delete(old)
    this.#kept.set(key, kept)
  }

  async #run(program: string, args: readonly string[], options: Pick<ProgramOptions, 'input' | 'env'>): Promise<ProgramResult> {
    const { clock, limitMs = LIMIT_MS } = this.#options
    const late = new AbortController()
    const cancel = clock.after(limitMs, () => late.abort(new Error('it took too long')))
    try {
      return await runProgram(program, args, { ...options, signal: late.signal, killSignal: 'SIGKILL' })
    } catch (error) {
      throw late.signal.aborted ? new Fault('timeout', `${program} did not answer within ${limitMs / 1000} s`, { cause: error }) : error
    } finally {
      cancel()
    }
  }
}
