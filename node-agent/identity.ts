import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import type { TlsFiles } from '../proto/rpc.ts'
import { sleep, type Clock } from '../shared/kit/clock.ts'
import { Fault, isFault, messageOf } from '../shared/kit/faults.ts'
import type { Log } from '../shared/kit/log.ts'
import { readCertificate } from '../shared/kit/pki.ts'
import { portsOf, type AgentConfig } from './config.ts'
import { joinWithToken, parseJoinToken } from './session/join.ts'

/** How soon to try again while the control plane does not answer. */
const RETRY_MS = 40

/** The node's own certificate: read from its state folder, or got with the join token (tried until the control plane answers). */
export async function loadIdentity(config: AgentConfig, { clock, log, signal }: { readonly clock: Clock; readonly log: Log; readonly signal: AbortSignal }): Promise<TlsFiles> {
  const folder = `${config.stateDir}/pki`
  const known = await read(folder)
  if (known && readCertificate(known.cert).notAfterMs > clock.nowMs()) return known
  const token = parseJoinToken(config.token ?? '')
  if (!token) throw new Fault('invalid', config.token === undefined ? 'this node has no certificate yet: give it a join token ("gantry agent --server URL --token TOKEN")' : 'the join token is not complete: it looks like gantry1.<64 hex digits>.<secret>')
  for (;;) {
    try {
      const identity = await joinWithToken(portsOf(config.server).join, token, config.nodeName)
      await write(folder, identity)
      return identity
    } catch (error) {
      if (!isFault(error, 'unavailable') && !isFault(error, 'timeout')) throw error
      log.debug({ err: messageOf(error) }, 'not joined yet')
      await sleep(clock, RETRY_MS, signal)
    }
  }
}

async function read(folder: string): Promise<TlsFiles | undefined> {
  try {
    const [ca, cert, key] = await Promise.all(['ca.crt', 'node.crt', 'node.key'].map((name) => readFile(`${folder}/${name}`, 'utf8')))
    return ca && cert && key ? { ca, cert, key } : undefined
  } catch {
    return undefined
  }
}

async function write(folder: string, { ca, cert, key }: TlsFiles): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const [name, text] of [['node.key', key], ['ca.crt', ca], ['node.crt', cert]] as const) {
    await writeFile(`${folder}/${name}.new`, text, { mode: 0o600 })
    await rename(`${folder}/${name}.new`, `${folder}/${name}`)
  }
}
