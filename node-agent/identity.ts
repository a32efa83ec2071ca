import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dialControlPlane, type TlsFiles } from '../proto/rpc.ts'
import { createCertificateRequest } from '../shared/kit/certificate-request.ts'
import { sleep, type Clock } from '../shared/kit/clock.ts'
import { Fault, isFault, messageOf } from '../shared/kit/faults.ts'
import type { Log } from '../shared/kit/log.ts'
import { renewAtMs } from '../shared/kit/pki.ts'
import { portsOf, type AgentConfig } from './config.ts'
import { readIdentity, whyNotKept } from './known-identity.ts'
import { firstToAnswer } from './session/first-to-answer.ts'
import { joinWithToken } from './session/join.ts'
import { parseJoinToken, type JoinToken } from './session/join-token.ts'

/** How soon to try again while the control plane does not answer. */
const RETRY_MS = 40

/** The node's own certificate: read from its state folder, or got with the join token (tried until the control plane answers). */
export async function loadIdentity(config: AgentConfig, { clock, log, signal }: Work): Promise<TlsFiles> {
  const folder = `${config.stateDir}/pki`
  const known = await readIdentity(config)
  const token = parseJoinToken(config.token ?? '')
  const reason = known ? whyNotKept(known, { nodeName: config.nodeName, token, clock }) : 'this node has no certificate yet'
  if (known && reason === undefined) return known
  if (config.token === undefined) throw new Fault('invalid', `${reason ?? ''}: give it a join token ("gantry agent --server URL --token-file FILE")`)
  if (!token) throw new Fault('invalid', 'the join token is not complete: it looks like gantry1.<64 hex digits>.<secret>')
  const joined = await joinUntilAnswered(config, token, { clock, log, signal })
  await write(folder, joined)
  return joined
}

/** One control plane after the other: each of them renews certificates. */
const serverAt = ({ server }: AgentConfig, tries: number): string => server[tries % server.length] ?? ''

interface Work {
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

/** How soon to ask again for a name that another agent has, or had a moment ago. */
const TAKEN_RETRY_MS = 500
/** How soon another control plane is asked while one has not answered. */
const NEXT_MS = 500
/** Whoever started the agent sees what it waits for, and not too often. */
const TELL_EVERY_MS = 10_000

async function joinUntilAnswered(config: AgentConfig, token: JoinToken, { clock, log, signal }: Work): Promise<TlsFiles> {
  let toldMs = Number.NEGATIVE_INFINITY
  const joins = config.server.map((server) => () => joinWithToken(portsOf(server).join, token, config.nodeName))
  for (;;) {
    try {
      return await firstToAnswer(joins, { clock, ms: NEXT_MS })
    } catch (error) {
      const isTaken = isFault(error, 'conflict')
      if (!isTaken && !isFault(error, 'unavailable') && !isFault(error, 'timeout')) throw error
      if (clock.monotonicMs() - toldMs >= TELL_EVERY_MS) {
        toldMs = clock.monotonicMs()
        log.info({ server: config.server, err: messageOf(error) }, 'not joined yet, tried again')
      }
      await sleep(clock, isTaken ? TAKEN_RETRY_MS : RETRY_MS, signal)
    }
  }
}

/** How long to wait before a renewal that failed is tried again. */
const RENEW_RETRY_MS = 60_000
/** Timers are not set further ahead: a clock that was put forward is noticed within this. */
const LOOK_AGAIN_MS = 3_600_000

/** Gets a new certificate when four fifths of the life of this one are over. Resolves with it: who dials from then on shows the new one. */
export async function renewedIdentity(config: AgentConfig, identity: TlsFiles, { clock, log, signal }: Work): Promise<TlsFiles> {
  for (let tries = 0; ; ) {
    const waitMs = renewAtMs(identity.cert) - clock.nowMs()
    if (waitMs > 0) {
      await sleep(clock, Math.min(waitMs, LOOK_AGAIN_MS), signal)
      continue
    }
    try {
      const renewed = await renew(config, identity, serverAt(config, tries++))
      await write(`${config.stateDir}/pki`, renewed)
      log.info({}, 'the node certificate was renewed')
      return renewed
    } catch (error) {
      log.warn({ err: messageOf(error) }, 'the node certificate could not be renewed yet')
      await sleep(clock, tries % config.server.length === 0 ? RENEW_RETRY_MS : 0, signal)
    }
  }
}

async function renew(config: AgentConfig, identity: TlsFiles, server: string): Promise<TlsFiles> {
  const request = await createCertificateRequest({ commonName: `system:node:${config.nodeName}`, organizations: ['system:nodes'] })
  const connection = dialControlPlane(portsOf(server).node, identity)
  try {
    const answer = await connection.renew({ certificateRequest: request.requestPem })
    return { ca: answer.ca, cert: answer.certificate, key: request.privateKeyPem }
  } finally {
    connection.close()
  }
}

async function write(folder: string, { ca, cert, key }: TlsFiles): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const [name, text] of [['node.key', key], ['ca.crt', ca], ['node.crt', cert]] as const) {
    await writeFile(`${folder}/${name}.new`, text, { mode: 0o600 })
    await rename(`${folder}/${name}.new`, `${folder}/${name}`)
  }
}
