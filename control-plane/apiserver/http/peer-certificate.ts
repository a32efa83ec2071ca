import type { TLSSocket } from 'node:tls'
import type { Duplex } from 'node:stream'
import { listOf } from '../../../shared/kit/pki.ts'
import type { ClientCertificate } from '../authn/authn.ts'

/** One handshake, one certificate: read once per connection. */
const known = new WeakMap<Duplex, { readonly certificate: ClientCertificate | undefined }>()

/** The certificate that the client of a connection has shown, with TLS' verdict on it. */
export function peerCertificate(socket: Duplex): ClientCertificate | undefined {
  const kept = known.get(socket)
  if (kept) return kept.certificate
  const certificate = readCertificate(socket as TLSSocket)
  known.set(socket, { certificate })
  return certificate
}

function readCertificate(socket: TLSSocket): ClientCertificate | undefined {
  if (socket.encrypted !== true) return undefined
  const shown = socket.getPeerCertificate()
  const subject = shown.subject as Readonly<Record<string, string | readonly string[] | undefined>> | undefined
  if (!subject || !shown.fingerprint256) return undefined
  return {
    commonName: listOf(subject['CN']).at(-1) ?? '',
    organizations: listOf(subject['O']),
    fingerprint: shown.fingerprint256.replaceAll(':', '').toLowerCase(),
    validUntilMs: endOf(shown.valid_to),
    problem: socket.authorized ? undefined : String(socket.authorizationError ?? 'not verified'),
  }
}

/** `Nov 22 00:00:00 2027 GMT`. */
function endOf(text: string): number | undefined {
  const ms = Date.parse(text)
  return Number.isNaN(ms) ? undefined : ms
}
