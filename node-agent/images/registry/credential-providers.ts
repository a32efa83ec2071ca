import { Fault } from '../../../shared/kit/faults.ts'
import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import { fitsRepository } from './logins.ts'
import type { RegistryLogin } from './port.ts'

/** Kubelet's image credential providers (`CredentialProviderConfig`, `kubelet.config.k8s.io/v1`): programs that are told an image and answer with logins. Pure. */
export interface CredentialProvider {
  readonly name: string
  /** As keys of docker configs: which images it is asked for. */
  readonly matchImages: readonly string[]
  /** How long an answer counts that does not say it itself. */
  readonly defaultCacheMs: number
  readonly apiVersion: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

export interface ProvidedLogins {
  readonly logins: readonly RegistryLogin[]
  /** Which images the answer is good for, and for how long; nothing is kept for 0 ms. */
  readonly cacheKey: string
  readonly cacheMs: number
}

const API_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `credentialprovider.kubelet.k8s.io/${version}`)

/** @param document of the settings' file. @throws Fault('invalid') naming the field. */
export function parseProviders(document: unknown, where: string, durationMs: (text: string) => number | undefined): readonly CredentialProvider[] {
  if (!isJsonObject(document) || document['kind'] !== 'CredentialProviderConfig') throw new Fault('invalid', `${where} must be a CredentialProviderConfig`)
  const providers = document['providers']
  if (!Array.isArray(providers) || providers.length === 0) throw new Fault('invalid', `${where}: at least 1 item in plugins is required`)
  return providers.map((one: unknown, at): CredentialProvider => {
    const spot = `${where}: providers[${at}]`
    if (!isJsonObject(one)) throw new Fault('invalid', `${spot} must be an object`)
    const { name, matchImages, apiVersion, args = [], env = [], tokenAttributes } = one
    if (typeof name !== 'string' || name === '' || /[/\s]|^\.\.?$/.test(name)) throw new Fault('invalid', `${spot}.name must be the name of a program`)
    if (!isTexts(matchImages) || matchImages.length === 0) throw new Fault('invalid', `${spot}.matchImages must name images`)
    if (typeof apiVersion !== 'string' || !API_VERSIONS.includes(apiVersion)) throw new Fault('invalid', `${spot}.apiVersion must be one of ${API_VERSIONS.join(', ')}`)
    if (!isTexts(args)) throw new Fault('invalid', `${spot}.args must be a list of texts`)
    if (tokenAttributes !== undefined) throw new Fault('unsupported', `${spot}.tokenAttributes: programs are not given tokens of service accounts`)
    const defaultCacheMs = durationMs(String(one['defaultCacheDuration'] ?? ''))
    if (defaultCacheMs === undefined || defaultCacheMs < 0) throw new Fault('invalid', `${spot}.defaultCacheDuration must be a duration like 12h`)
    return { name, matchImages, defaultCacheMs, apiVersion, args, env: envOf(env, spot) }
  })
}

const isTexts = (given: unknown): given is readonly string[] => Array.isArray(given) && given.every((one) => typeof one === 'string')

function envOf(given: unknown, spot: string): Readonly<Record<string, string>> {
  const list = Array.isArray(given) ? (given as readonly unknown[]) : []
  const pairs = list.flatMap((one) => (isJsonObject(one) && typeof one['name'] === 'string' && typeof one['value'] === 'string' ? [[one['name'], one['value']] as const] : []))
  if (!Array.isArray(given) || pairs.length !== given.length) throw new Fault('invalid', `${spot}.env must hold names and values`)
  return Object.fromEntries(pairs)
}

/** Those that are asked for an image of a repository. */
export const providersFor = (providers: readonly CredentialProvider[], repository: string): readonly CredentialProvider[] => providers.filter(({ matchImages }) => matchImages.some((pattern) => fitsRepository(pattern, repository)))

export const providerRequest = ({ apiVersion }: CredentialProvider, image: string): string => JSON.stringify({ kind: 'CredentialProviderRequest', apiVersion, image })

/** @throws Fault('invalid') */
export function parseProvided(provider: CredentialProvider, repository: string, { stdout, durationMs }: { readonly stdout: string; readonly durationMs: (text: string) => number | undefined }): ProvidedLogins {
  let answer: unknown
  try {
    answer = JSON.parse(stdout)
  } catch {
    answer = undefined
  }
  const { name, apiVersion } = provider
  if (!isJsonObject(answer) || answer['kind'] !== 'CredentialProviderResponse') throw new Fault('invalid', `the credential provider ${name} did not answer with a CredentialProviderResponse`)
  if (answer['apiVersion'] !== apiVersion) throw new Fault('invalid', `the credential provider ${name} answered in ${String(answer['apiVersion'])}, not in ${apiVersion}`)
  const duration = answer['cacheDuration']
  const cacheMs = duration === undefined || duration === null ? provider.defaultCacheMs : (durationMs(typeof duration === 'string' ? duration : '') ?? 0)
  const keys: Readonly<Record<string, string>> = { Image: repository, Registry: repository.slice(0, repository.indexOf('/')), Global: '' }
  const keyType = String(answer['cacheKeyType'])
  const key = Object.hasOwn(keys, keyType) ? keys[keyType] : undefined
  if (key === undefined) throw new Fault('invalid', `the credential provider ${name} answered with the cacheKeyType ${JSON.stringify(answer['cacheKeyType'])}`)
  return { logins: loginsIn(answer['auth']), cacheKey: `${name} ${keyType} ${key}`, cacheMs: Math.max(0, cacheMs) }
}

const loginsIn = (auth: unknown): readonly RegistryLogin[] =>
  Object.entries(isJsonObject(auth) ? auth : ({} as JsonObject)).flatMap(([registry, entry]) =>
    isJsonObject(entry) && typeof entry['username'] === 'string' && typeof entry['password'] === 'string' ? [{ registry, credential: { kind: 'password', username: entry['username'], password: entry['password'] } }] : [],
  )

/** The keys under which a kept answer may stand, the most particular first. */
export const cacheKeysOf = ({ name }: CredentialProvider, repository: string): readonly string[] => [`${name} Image ${repository}`, `${name} Registry ${repository.slice(0, repository.indexOf('/'))}`, `${name} Global `]
