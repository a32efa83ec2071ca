import { existsSync, readFileSync } from 'node:fs'
import { homeFile } from '../config/load.ts'
import type { Call } from '../program/command.ts'
import { Problem } from '../program/problem.ts'

/** The person's own logins for the registry of an image, as a docker config: no others are given to a node. `undefined` where there are none. */
export async function loginsFor({ env, flags }: Pick<Call, 'env' | 'flags'>, image: string): Promise<unknown> {
  const named = flags.text('docker-config')
  const file = named ?? (env['DOCKER_CONFIG'] === undefined ? homeFile(env, '.docker', 'config.json') : `${env['DOCKER_CONFIG']}/config.json`)
  if (!existsSync(file)) {
    if (named !== undefined) throw new Problem(`${named} does not exist`)
    return undefined
  }
  const auths = authsOf(file)
  const host = registryOf(image)
  const mine = Object.entries(auths).filter(([registry]) => isOf(registry, host))
  return mine.length === 0 ? undefined : { auths: Object.fromEntries(mine) }
}

function authsOf(file: string): Readonly<Record<string, unknown>> {
  try {
    const { auths = {} } = JSON.parse(readFileSync(file, 'utf8')) as { readonly auths?: Readonly<Record<string, unknown>> }
    return auths
  } catch (error) {
    throw new Problem(`${file} cannot be read as a docker config: ${(error as Error).message}`, { cause: error })
  }
}

/** The host that a name begins with, by Docker's rule: it has a dot, a port, or is `localhost`. Pure. */
export function registryOf(image: string): string {
  const [first = ''] = image.split('/', 1)
  return image.includes('/') && (/[.:]/.test(first) || first === 'localhost') ? first : 'docker.io'
}

/** Whether an entry of a docker config is for that host: it may be an address, and have a path. Pure. */
export function isOf(registry: string, host: string): boolean {
  const bare = registry.replace(/^https?:\/\//, '').split('/', 1)[0] ?? ''
  return bare === host || (host === 'docker.io' && (bare === 'index.docker.io' || bare === 'registry-1.docker.io'))
}
