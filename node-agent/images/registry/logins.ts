import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import type { Credential, RegistryLogin, SecretSource } from './port.ts'

/** Docker configs and which of their entries fit an image, by kubelet's rules (its `credentialprovider` package). Pure. */

/**
 * The logins of a config: `{"auths": {…}}` (`config.json`, `.dockerconfigjson`), or the entries themselves (`.dockercfg`).
 * An entry that holds nothing that could be shown is left out; so is what is no config at all. Unless it is said from whom they are, they are the node's own.
 */
export function loginsOf(config: unknown, from?: SecretSource | 'person'): readonly RegistryLogin[] {
  if (!isJsonObject(config)) return []
  const entries = isJsonObject(config['auths']) ? config['auths'] : 'auths' in config ? {} : config
  return Object.entries(entries).flatMap(([registry, entry]) => {
    const credential = isJsonObject(entry) ? credentialOf(entry) : undefined
    return credential === undefined ? [] : [{ registry, credential, ...(from === undefined ? {} : from === 'person' ? { isPersonal: true } : { secret: from }) }]
  })
}

/** Whether a login is good for whoever brought it alone; the others are the node's own, for all its pods. */
export const isPrivate = ({ secret, isPersonal }: RegistryLogin): boolean => secret !== undefined || isPersonal === true

function credentialOf(entry: JsonObject): Credential | undefined {
  const { identitytoken, registrytoken, auth, username, password } = entry
  if (typeof identitytoken === 'string' && identitytoken !== '') return { kind: 'identity-token', token: identitytoken }
  if (typeof registrytoken === 'string' && registrytoken !== '') return { kind: 'access-token', token: registrytoken }
  // `auth` counts before the two others, which old configs leave empty.
  if (typeof auth === 'string' && auth !== '') return passwordOf(auth)
  return typeof username === 'string' && username !== '' ? { kind: 'password', username, password: typeof password === 'string' ? password : '' } : undefined
}

function passwordOf(auth: string): Credential | undefined {
  const text = fromBase64(auth.trim())
  const colon = text?.indexOf(':') ?? -1
  return text === undefined || colon < 0 ? undefined : { kind: 'password', username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') }
}

function fromBase64(text: string): string | undefined {
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(text), (char) => char.charCodeAt(0)))
  } catch {
    return undefined
  }
}

/**
 * Those that may be shown for a repository (`docker.io/library/busybox`), the most particular first: hosts are matched label by label with globs, ports
 * exactly, paths by their beginning. Several that fit are tried one after the other.
 */
export function loginsFor(repository: string, logins: readonly RegistryLogin[]): readonly RegistryLogin[] {
  const keyed = logins.map((login) => ({ login, key: keyOf(login.registry) }))
  // Secrets and a person's come before what the node has itself, whatever the names.
  const rank = ({ login }: (typeof keyed)[number]): number => (isPrivate(login) ? 0 : 1)
  const fitting = keyed.filter(({ key }) => fits(key, repository)).sort((a, b) => rank(a) - rank(b) || (a.key < b.key ? 1 : a.key > b.key ? -1 : 0))
  if (fitting.length > 0) return fitting.map(({ login }) => login)
  return /^(?:index\.)?docker\.io\//.test(repository) ? keyed.filter(({ key }) => key === DEFAULT_REGISTRY).map(({ login }) => login) : []
}

/** What `docker login` without an address writes, for all of docker.io. */
const DEFAULT_REGISTRY = 'index.docker.io'

/** `https://host/v1/` is an old way to say `host`. */
function keyOf(registry: string): string {
  const [host, path] = splitOnce(registry.replace(/^https?:\/\//, ''), '/')
  const rest = `/${path}`.replace(/^\/v[12](?=\/)/, '')
  return rest === '/' ? host : host + rest
}

/** Whether a key of a docker config, as it is written, stands for a repository. */
export const fitsRepository = (key: string, repository: string): boolean => fits(keyOf(key), repository)

function fits(key: string, repository: string): boolean {
  const [keyHost, keyPath] = splitOnce(key, '/')
  const [host, path] = splitOnce(repository, '/')
  const [keyName, keyPort] = splitPort(keyHost)
  const [name, port] = splitPort(host)
  if (keyPort !== port || !path.startsWith(keyPath)) return false
  const [keyLabels, labels] = [keyName.split('.'), name.split('.')]
  return keyLabels.length === labels.length && keyLabels.every((glob, at) => globMatches(glob, labels[at] ?? ''))
}

function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

const splitPort = (host: string): readonly [string, string] => {
  const port = /^(.*?):(\d+)$/.exec(host)
  return port === null ? [host, ''] : [port[1] ?? '', port[2] ?? '']
}

/** `*`, `?` and `[a-z]` within one label, as Go's `filepath.Match` has them; a malformed one fits nothing. */
export function globMatches(glob: string, text: string): boolean {
  if (glob === text) return true
  if (!/[*?[]/.test(glob)) return false
  let pattern = ''
  for (const part of glob.match(/\*+|\?|\[\^?[^\]]+\]|./gs) ?? []) {
    if (part.startsWith('*')) pattern += '.*'
    else if (part === '?') pattern += '.'
    else if (part.length > 1) pattern += `[${part.slice(1, -1).replace(/[\\[\]]/g, '\\$&')}]`
    else if (part === '[') return false
    else pattern += part.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
  }
  try {
    return text.length <= 253 && new RegExp(`^${pattern}$`, 's').test(text)
  } catch {
    return false
  }
}
