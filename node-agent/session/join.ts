import { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import { joinCluster, type Address, type TlsFiles } from '../../proto/rpc.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { createCertificateRequest } from '../../shared/kit/certificate-request.ts'
import { sha256, type JoinToken } from './join-token.ts'

interface PeerCertificate {
  readonly raw: Buffer
  readonly issuerCertificate?: PeerCertificate
}

/** The CA certificate (PEM) the server shows, if its fingerprint is the token's. @throws Fault('permission') when it is another cluster. */
export function fetchAuthority(address: Address, caSha256: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.host, port: address.port, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
    socket.setTimeout(5_000, () => socket.destroy(new Fault('timeout', `${address.host}:${address.port} does not answer`)))
    socket.once('error', (cause) => reject(new Fault('unavailable', `cannot reach the control plane at ${address.host}:${address.port}: ${cause.message}`, { cause })))
    socket.once('secureConnect', () => {
      const found = chainOf(socket.getPeerCertificate(true) as PeerCertificate).find((raw) => sha256(raw) === caSha256)
      socket.destroy()
      if (found) resolve(new X509Certificate(found).toString())
      else reject(new Fault('permission', `${address.host}:${address.port} belongs to another cluster than the join token: its CA has another fingerprint`))
    })
  })
}

function chainOf(first: PeerCertificate): readonly Buffer[] {
  const chain: Buffer[] = []
  for (let one: PeerCertificate | undefined = first; one?.raw && !chain.some((raw) => raw.equals(one?.raw ?? raw)); one = one.issuerCertificate) chain.push(one.raw)
  return chain
}

/** Trades the token for an identity of this node's own. */
export async function joinWithToken(address: Address, token: JoinToken, nodeName: string): Promise<TlsFiles> {
  const [ca, request] = await Promise.all([fetchAuthority(address, token.caSha256), createCertificateRequest({ commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] })])
  const answer = await joinCluster(address, ca, { token: token.secret, nodeName, certificateRequest: request.requestPem })
  return { ca: answer.ca, cert: answer.certificate, key: request.privateKeyPem }
}
