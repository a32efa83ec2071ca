/** Which server is spoken to, as whom, in which namespace: kubeconfig and flags made one. */
import { readFileSync } from 'node:fs'
import type { RestOptions } from '../../shared/kit/rest-client.ts'
import type { Flags } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import type { ClusterEntry, Kubeconfig, UserEntry } from './kubeconfig.ts'
import { loadKubeconfig } from './load.ts'

export interface Target {
  readonly rest: RestOptions
  /** Whether a flag, a kubeconfig or a pod's environment names the server; else it is the address that kubectl tries. */
  readonly serverNamed: boolean
  readonly namespace: string
  /** Whether the namespace was given on the command line. */
  readonly namespaceGiven: boolean
  readonly headers: Readonly<Record<string, string>>
}

type Env = Readonly<Record<string, string | undefined>>

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'

export const findTarget = async (flags: Flags, env: Env): Promise<Target> => targetOf(await loadKubeconfig(flags.text('kubeconfig'), env), flags, env)

/** @throws Problem when flags or the file name what is not there. */
export function targetOf(config: Kubeconfig, flags: Flags, env: Env): Target {
  const contextName = flags.text('context') ?? config.currentContext
  const context = config.contexts.get(contextName)
  if (contextName !== '' && !context) throw new Problem(flags.given('context') ? `context "${contextName}" does not exist` : `the kubeconfig's current context "${contextName}" does not exist: choose one with "gantry config use-context NAME"`)
  const cluster = entryOf(config, { list: 'clusters', given: flags.text('cluster'), from: context?.cluster }) as ClusterEntry
  const user = entryOf(config, { list: 'users', given: flags.text('user'), from: context?.user }) as UserEntry
  const namespaceGiven = flags.given('namespace')
  const namespace = flags.text('namespace') || context?.namespace || 'default'
  const inside = contextName === '' && !flags.given('server') ? insidePod(env) : undefined
  const rest = inside ?? { ...connection(cluster, flags), ...credentials(user, flags) }
  return { rest: { ...rest, userAgent: 'gantry' }, serverNamed: inside !== undefined || (flags.text('server') ?? cluster.server) !== undefined, namespace: inside && !namespaceGiven ? readText(`${SERVICE_ACCOUNT}/namespace`) : namespace, namespaceGiven, headers: impersonation(flags) }
}

interface Wanted {
  readonly list: 'clusters' | 'users'
  readonly given: string | undefined
  readonly from: string | undefined
}

function entryOf(config: Kubeconfig, { list, given, from }: Wanted): ClusterEntry | UserEntry {
  const name = given ?? from ?? ''
  const found = config[list].get(name)
  if (!found && given !== undefined) throw new Problem(list === 'clusters' ? `cluster "${name}" does not exist` : `auth info "${name}" does not exist`)
  return found ?? {}
}

function connection(cluster: ClusterEntry, flags: Flags): RestOptions {
  const given = flags.text('server')
  const server = given ?? cluster.server ?? 'http://localhost:8080'
  const insecure = flags.is('insecure-skip-tls-verify') || cluster['insecure-skip-tls-verify'] === true
  const serverName = flags.text('tls-server-name') ?? cluster['tls-server-name']
  const ca = insecure ? undefined : pem(flags.text('certificate-authority'), cluster['certificate-authority-data'], cluster['certificate-authority'])
  return { server: /^[a-z]+:\/\//.test(server) ? server : `https://${server}`, ca, insecureSkipVerify: insecure, ...(serverName === undefined || serverName === '' ? {} : { serverName }) }
}

function credentials(user: UserEntry, flags: Flags): Partial<RestOptions> {
  const token = flags.text('token') ?? user.token ?? (user.tokenFile === undefined ? undefined : readText(user.tokenFile))
  if (token === undefined && user.exec !== undefined) throw new Problem('the kubeconfig asks for an exec credential plugin, which gantry does not run: give a --token, or use kubectl')
  const cert = pem(flags.text('client-certificate'), user['client-certificate-data'], user['client-certificate'])
  const key = pem(flags.text('client-key'), user['client-key-data'], user['client-key'])
  return { cert, key, ...(token === undefined ? {} : { bearerToken: token.trim() }) }
}

/** A file given as flag, data in the kubeconfig, or a file it names: the first there is. */
function pem(flag: string | undefined, inline: string | undefined, file: string | undefined): string | undefined {
  if (flag !== undefined) return readText(flag)
  if (inline !== undefined && inline !== '') return Buffer.from(inline, 'base64').toString()
  return file === undefined || file === '' ? undefined : readText(file)
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new Problem(`unable to read ${file}: ${(error as Error).message}`, { cause: error })
  }
}

/** Without a kubeconfig, in a pod: the pod's own service account. */
function insidePod(env: Env): RestOptions | undefined {
  const host = env['KUBERNETES_SERVICE_HOST']
  const port = env['KUBERNETES_SERVICE_PORT']
  if (!host || !port) return undefined
  return { server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`, ca: readText(`${SERVICE_ACCOUNT}/ca.crt`), bearerToken: readText(`${SERVICE_ACCOUNT}/token`).trim() }
}

function impersonation(flags: Flags): Readonly<Record<string, string>> {
  const user = flags.text('as')
  if (user === undefined) return {}
  const groups = flags.list('as-group')
  return { 'impersonate-user': user, ...(groups.length > 0 ? { 'impersonate-group': groups.join(',') } : {}) }
}
