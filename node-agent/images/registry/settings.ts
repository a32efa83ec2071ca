import { Fault } from '../../../shared/kit/faults.ts'
import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'

/** How registries are reached: the meaning of containerd's `hosts.toml`, all registries in one JSON file. Documented in docs/registries.md. */
export interface RegistrySettings {
  /** By the registry's name as images have it (`docker.io`, `10.0.0.1:5000`); `_default` for all that are not named. */
  readonly registries: Readonly<Record<string, RegistryEntry>>
  /** `resolve`: any registry is asked. `configured`: only those named here, and addresses: no name is looked up that nobody wrote down. */
  readonly names: 'resolve' | 'configured'
}

export interface RegistryEntry extends HostEntry {
  /** The registry's own server, asked last; `https://NAME` unless given. */
  readonly server: string | undefined
  /** Mirrors, asked first and in this order. */
  readonly hosts: readonly MirrorEntry[]
}

/** How one server is talked to. */
export interface HostEntry {
  /** PEM files of authorities that count beside the system's. */
  readonly ca: readonly string[]
  /** PEM files of the certificate this side shows. */
  readonly client: { readonly cert: string; readonly key: string } | undefined
  readonly skipVerify: boolean
  readonly header: Readonly<Record<string, string>>
  /** The URL has the API's whole path: `/v2` is not added. */
  readonly overridePath: boolean
  readonly capabilities: ReadonlySet<Capability>
}

export interface MirrorEntry extends HostEntry {
  readonly url: string
}

export type Capability = 'pull' | 'resolve' | 'push'

const CAPABILITIES: readonly Capability[] = ['pull', 'resolve', 'push']

export const noSettings = (names: RegistrySettings['names'] = 'resolve'): RegistrySettings => ({ registries: {}, names })

/** @throws Fault('invalid') naming the field. */
export function parseRegistrySettings(text: string, where: string, names: RegistrySettings['names'] = 'resolve'): RegistrySettings {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch (cause) {
    throw new Fault('invalid', `${where} is not JSON: ${(cause as Error).message}`, { cause })
  }
  if (!isJsonObject(document)) throw new Fault('invalid', `${where} must hold one JSON object, registries by their names`)
  const registries = Object.entries(document).map(([name, entry]) => [name, parseEntry(entry, `${where}: ${name}`)] as const)
  return { registries: Object.fromEntries(registries), names }
}

function parseEntry(entry: unknown, where: string): RegistryEntry {
  const given = fieldsOf(entry, ['server', 'hosts', ...HOST_FIELDS], where)
  const hosts = given['hosts'] ?? []
  if (!Array.isArray(hosts)) throw new Fault('invalid', `${where}.hosts must be a list`)
  return {
    ...parseHost(given, where, CAPABILITIES),
    server: given['server'] === undefined ? undefined : urlOf(given['server'], `${where}.server`),
    hosts: hosts.map((host: unknown, at): MirrorEntry => {
      const spot = `${where}.hosts[${at}]`
      const fields = fieldsOf(host, ['url', ...HOST_FIELDS], spot)
      return { ...parseHost(fields, spot, ['pull', 'resolve']), url: urlOf(fields['url'], `${spot}.url`) }
    }),
  }
}

const HOST_FIELDS = ['ca', 'client', 'skipVerify', 'header', 'overridePath', 'capabilities'] as const

function fieldsOf(given: unknown, known: readonly string[], where: string): JsonObject {
  if (!isJsonObject(given)) throw new Fault('invalid', `${where} must be an object`)
  const unknown = Object.keys(given).find((key) => !known.includes(key))
  if (unknown !== undefined) throw new Fault('invalid', `${where}: unknown setting "${unknown}": the settings are ${known.join(', ')}`)
  return given
}

function parseHost(given: JsonObject, where: string, capabilities: readonly Capability[]): HostEntry {
  const { ca = [], client, skipVerify = false, header = {}, overridePath = false } = given
  const chosen = given['capabilities'] ?? capabilities
  const files = typeof ca === 'string' ? [ca] : ca
  if (!Array.isArray(files) || !files.every((file) => typeof file === 'string')) throw new Fault('invalid', `${where}.ca must be a file or a list of files`)
  if (typeof skipVerify !== 'boolean' || typeof overridePath !== 'boolean') throw new Fault('invalid', `${where}: skipVerify and overridePath are true or false`)
  if (!isJsonObject(header) || !Object.values(header).every((value) => typeof value === 'string')) throw new Fault('invalid', `${where}.header must hold texts`)
  if (!Array.isArray(chosen) || !chosen.every((one) => CAPABILITIES.includes(one as Capability))) throw new Fault('invalid', `${where}.capabilities must be some of ${CAPABILITIES.join(', ')}`)
  return { ca: files as readonly string[], client: parseClient(client, where), skipVerify, header: header as Readonly<Record<string, string>>, overridePath, capabilities: new Set(chosen as readonly Capability[]) }
}

function parseClient(client: unknown, where: string): HostEntry['client'] {
  if (client === undefined) return undefined
  if (!isJsonObject(client) || typeof client['cert'] !== 'string' || typeof client['key'] !== 'string') throw new Fault('invalid', `${where}.client must have the files "cert" and "key"`)
  return { cert: client['cert'], key: client['key'] }
}

function urlOf(given: unknown, where: string): string {
  const url = typeof given === 'string' ? URL.parse(given) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '') throw new Fault('invalid', `${where} must be a URL like https://HOST:5000`)
  return url.href
}
