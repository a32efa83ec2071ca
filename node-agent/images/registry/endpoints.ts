import { isIP } from 'node:net'
import type { Capability, HostEntry, RegistrySettings } from './settings.ts'

/** Where a repository is asked, in order: its mirrors, then its own server. Pure. */
export interface Endpoint {
  /** `https://host:port/v2`, without a slash at its end. */
  readonly base: string
  /** Of the server (`host[:port]`): what logins are looked up by. */
  readonly host: string
  /** `library/busybox`. */
  readonly repository: string
  /** `https`, and plain HTTP if the other side speaks no TLS: for servers on this machine of which nothing is configured. */
  readonly plainToo: boolean
  readonly settings: HostEntry
  /** Told to a mirror that serves several registries (`?ns=docker.io`). */
  readonly namespace: string | undefined
}

export type EndpointsResult = { readonly kind: 'ok'; readonly endpoints: readonly Endpoint[] } | { readonly kind: 'not-asked'; readonly registry: string }

const PLAIN: HostEntry = { ca: [], client: undefined, skipVerify: false, header: {}, overridePath: false, capabilities: new Set(['pull', 'resolve', 'push']) }

/** @param repository full: `docker.io/library/busybox`. */
export function endpointsOf(repository: string, { registries, names }: RegistrySettings, capability: Capability): EndpointsResult {
  const slash = repository.indexOf('/')
  const [registry, path] = [repository.slice(0, slash), repository.slice(slash + 1)]
  const own = Object.hasOwn(registries, registry) ? registries[registry] : undefined
  const entry = own ?? registries['_default']
  if (entry === undefined && names === 'configured' && !isAddress(registry)) return { kind: 'not-asked', registry }
  const mirrors = (entry?.hosts ?? []).map((host): Endpoint => ({ ...placeOf(host.url, host.overridePath), repository: path, plainToo: false, settings: host, namespace: registry }))
  const home = own?.server ?? `https://${registry === 'docker.io' ? 'registry-1.docker.io' : registry}`
  const place = placeOf(home, own?.overridePath === true)
  const server: Endpoint = { ...place, host: registry, repository: path, plainToo: own?.server === undefined && isLoopback(registry), settings: entry ?? PLAIN, namespace: undefined }
  return { kind: 'ok', endpoints: [...mirrors, server].filter(({ settings }) => settings.capabilities.has(capability)) }
}

function placeOf(url: string, isWhole: boolean): Pick<Endpoint, 'base' | 'host'> {
  const { origin, host, pathname } = new URL(url)
  const path = pathname.replace(/\/+$/, '')
  return { base: origin + (isWhole || path.endsWith('/v2') ? path : `${path}/v2`), host: host + path.replace(/\/v2$/, '') }
}

const hostname = (registry: string): string => registry.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1')

const isAddress = (registry: string): boolean => isIP(hostname(registry)) !== 0 || hostname(registry) === 'localhost'

const isLoopback = (registry: string): boolean => hostname(registry) === 'localhost' || hostname(registry) === '::1' || (isIP(hostname(registry)) === 4 && hostname(registry).startsWith('127.'))
