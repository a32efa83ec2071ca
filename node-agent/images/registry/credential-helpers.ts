import { Fault } from '../../../shared/kit/faults.ts'
import { isJsonObject } from '../../../shared/model/json.ts'
import type { Credential, RegistryLogin } from './port.ts'

/** Docker's credential helpers: `docker-credential-NAME get`, told a registry on its input, answers with a login. Pure. */
export interface HelperCall {
  /** `docker-credential-NAME` */
  readonly program: string
  /** What the helper knows the registry by. */
  readonly server: string
  /** What the login is for. */
  readonly host: string
  /** Somebody named it for this registry, so that its failing is worth a word; the store of a config is asked for all. */
  readonly isNamed: boolean
}

/** What docker logs in to Docker Hub by. */
const HUB = 'https://index.docker.io/v1/'

const isHub = (host: string): boolean => /^(?:index\.)?docker\.io$/.test(host)

/** Whom a docker config wants to be asked for each of the hosts: the helper named for it (`credHelpers`), or else its store (`credsStore`). */
export function helperCalls(config: unknown, hosts: readonly string[]): readonly HelperCall[] {
  if (!isJsonObject(config)) return []
  const named = isJsonObject(config['credHelpers']) ? config['credHelpers'] : {}
  return hosts.flatMap((host): readonly HelperCall[] => {
    const [name] = host.split('/')
    const keys = isHub(host) ? [HUB, 'index.docker.io', 'docker.io'] : [host, name ?? host]
    const helper = keys.map((key) => (Object.hasOwn(named, key) ? named[key] : undefined)).find((one) => typeof one === 'string')
    const program = programOf(helper) ?? programOf(config['credsStore'])
    return program === undefined ? [] : [{ program, server: isHub(host) ? HUB : (name ?? host), host, isNamed: programOf(helper) !== undefined }]
  })
}

/** A name, and no path: it is a part of a program's name. */
const programOf = (name: unknown): string | undefined => (typeof name === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) ? `docker-credential-${name}` : undefined)

/** The login in a helper's answer; undefined where it has none. @throws Fault('invalid') */
export function helperLogin({ host, program }: HelperCall, { exitCode, stdout, stderr }: { readonly exitCode: number; readonly stdout: string; readonly stderr: string }): RegistryLogin | undefined {
  if (exitCode !== 0) {
    // Helpers tell so that they have none, on their output.
    if (/credentials not found/i.test(stdout)) return undefined
    throw new Fault('invalid', `${program} gave no login for ${host}: ${(stderr.trim() || stdout.trim() || `exit code ${exitCode}`).slice(0, 500)}`)
  }
  let answer: unknown
  try {
    answer = JSON.parse(stdout)
  } catch {
    answer = undefined
  }
  const { Username: username, Secret: secret } = isJsonObject(answer) ? answer : {}
  if (typeof username !== 'string' || typeof secret !== 'string') throw new Fault('invalid', `${program} answered for ${host} without a "Username" and a "Secret"`)
  if (username === '' && secret === '') return undefined
  const credential: Credential = username === '<token>' ? { kind: 'identity-token', token: secret } : { kind: 'password', username, password: secret }
  return { registry: host, credential }
}
