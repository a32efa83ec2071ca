/** What is said when a command failed: the sentences kubectl says, and what to do where we know it. */
import type { FaultCode } from '../../shared/kit/faults.ts'
import { isStatusProblem, statusText } from '../cluster/status-problem.ts'
import { Problem } from './problem.ts'

export interface Explained {
  readonly message: string
  readonly exitCode: number
}

export function explain(error: unknown): Explained {
  if (isStatusProblem(error)) return { message: statusText(error), exitCode: 1 }
  if (error instanceof Problem) return { message: error.bare || error.message === '' ? error.message : `error: ${error.message}`, exitCode: error.exitCode }
  const code = faultCode(error)
  if (code === 'unavailable') return { message: unreachable(error as Error), exitCode: 1 }
  if (code === 'cancelled') return { message: '', exitCode: 130 }
  if (code !== undefined) return { message: `error: ${(error as Error).message}`, exitCode: 1 }
  if (error instanceof Error && error.name === 'AbortError') return { message: '', exitCode: 130 }
  return { message: `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, exitCode: 1 }
}

/** By its name: the lab is a program of its own when it is built, with a class of its own. */
const faultCode = (error: unknown): FaultCode | undefined => (error instanceof Error && error.name === 'Fault' ? (error as Error & { readonly code: FaultCode }).code : undefined)

const HINT = 'Is the cluster up? "gantry lab status" tells of a lab on this host, "gantry lab up" starts it; "gantry config view" shows where this command looks.'

/** The connection itself failed: by its errno. */
function unreachable(error: Error): string {
  const cause = error.cause as NodeJS.ErrnoException | undefined
  const server = /^(https?:\/\/\S+)/.exec(error.message)?.[1] ?? ''
  const host = URL.parse(server)?.host ?? server
  const triedMs = (error as { readonly triedMs?: number }).triedMs ?? 0
  const hint = `${triedMs > 500 ? `Nobody answered for ${(triedMs / 1000).toFixed(1)} s. ` : ''}${HINT}`
  switch (cause?.code) {
    case 'ECONNREFUSED':
      return `The connection to the server ${host} was refused - did you specify the right host or port?\n${hint}`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `Unable to connect to the server: the host name in ${server} is not known: look at "gantry config view"`
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `Unable to connect to the server: ${host} does not answer (${cause.code})\n${hint}`
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return `Unable to connect to the server: the certificate of ${host} comes from an authority that the kubeconfig does not name: was the cluster made anew since? "gantry kubeconfig" prints the current one`
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `Unable to connect to the server: the certificate of ${host} is for other names: use one of them as server, or --tls-server-name (${cause.message})`
    case undefined:
    case 'ECONNRESET':
    case 'EPIPE':
      if (/ broke off /.test(error.message)) return `The connection to the server ${host} broke off, as when a control plane ends or hands over its address: do it again.`
      return `Unable to connect to the server: ${error.message}`
    default:
      return `Unable to connect to the server: ${error.message}`
  }
}
