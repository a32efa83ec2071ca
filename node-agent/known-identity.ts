/** The identity a node has already. Apart from getting one, because every start waits for it: it loads little. */
import { readFile } from 'node:fs/promises'
import type { TlsFiles } from '../proto/rpc.ts'
import type { Clock } from '../shared/kit/clock.ts'
import { readCertificate } from '../shared/kit/pki.ts'
import type { AgentConfig } from './config.ts'
import { fingerprintOf, parseJoinToken, type JoinToken } from './session/join-token.ts'

/** What an agent before this one left, whatever it says. */
export async function readIdentity({ stateDir }: Pick<AgentConfig, 'stateDir'>): Promise<TlsFiles | undefined> {
  try {
    const [ca, cert, key] = await Promise.all(['ca.crt', 'node.crt', 'node.key'].map((name) => readFile(`${stateDir}/pki/${name}`, 'utf8')))
    return ca && cert && key ? { ca, cert, key } : undefined
  } catch {
    return undefined
  }
}

/** Why the certificate of before is not this node's any more; `undefined` if it is. */
export function whyNotKept({ ca, cert }: TlsFiles, { nodeName, token, clock }: { readonly nodeName: string; readonly token: JoinToken | undefined; readonly clock: Clock }): string | undefined {
  const { commonName, notAfterMs } = readCertificate(cert)
  if (commonName !== `system:node:${nodeName}`) return `the state folder holds the certificate of ${commonName ?? 'nobody'}, and this is node ${nodeName}`
  if (notAfterMs <= clock.nowMs()) return "this node's certificate has expired"
  return token && fingerprintOf(ca) !== token.caSha256 ? 'the state folder holds the certificate of another cluster' : undefined
}

/** The one that {@link readIdentity} finds, if it is this node's still. */
export async function knownIdentity(config: AgentConfig, clock: Clock): Promise<TlsFiles | undefined> {
  const known = await readIdentity(config)
  return known && whyNotKept(known, { nodeName: config.nodeName, token: parseJoinToken(config.token ?? ''), clock }) === undefined ? known : undefined
}
