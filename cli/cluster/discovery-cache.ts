/** What a server said about its resources, kept between calls. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { homeFile } from '../config/load.ts'

export interface ApiResource {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly singular: string
  readonly kind: string
  readonly namespaced: boolean
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly verbs: readonly string[]
  /** Names of subresources: `scale`, `status`. */
  readonly subresources: readonly string[]
}

export interface Discovered {
  /** In the server's order, preferred versions first. */
  readonly resources: readonly ApiResource[]
  /** `v1`, `apps/v1`… as `api-versions` prints them. */
  readonly versions: readonly string[]
  /** By path, to ask whether it is still so. */
  readonly etags: Readonly<Record<string, string>>
}

interface Where {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly given: string | undefined
}

/** `~/.kube/gantry-cache/HOST_PORT.json`, below `$XDG_CACHE_HOME/gantry` if that is set. */
export function cacheFile(server: string, { env, given }: Where): string {
  const xdg = env['XDG_CACHE_HOME']
  const folder = given ?? (xdg ? `${xdg}/gantry` : homeFile(env, '.kube', 'gantry-cache'))
  return `${folder}/${server.replace(/^[a-z]+:\/\//, '').replace(/[^A-Za-z0-9.-]/g, '_')}.json`
}

/** `undefined` when there is none that can be read. */
export function readCache(file: string): Discovered | undefined {
  try {
    const found = JSON.parse(readFileSync(file, 'utf8')) as Discovered
    return Array.isArray(found.resources) ? found : undefined
  } catch {
    return undefined
  }
}

/** Written whole or not at all; a cache that cannot be written is none. */
export function writeCache(file: string, discovered: Discovered): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o750 })
    writeFileSync(`${file}.${process.pid}`, JSON.stringify(discovered), { mode: 0o640 })
    renameSync(`${file}.${process.pid}`, file)
  } catch {
    // A read-only home is no reason to fail.
  }
}
