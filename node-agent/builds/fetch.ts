import { createHash } from 'node:crypto'
import { mkdir, open, utimes } from 'node:fs/promises'
import { BlockList, isIPv6 } from 'node:net'
import { join } from 'node:path'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { RunNetwork } from '../../shared/model/dockerfile/instruction.ts'
import { createHttp, type HttpAnswer } from '../images/registry/http.ts'

export interface FetchOptions {
  readonly clock: Clock
  /** A private folder, deleted by the caller. */
  readonly folder: string
  /** What the build was given: with `none` nothing is fetched, and only with `host` from the node itself, as commands of its steps reach it. */
  readonly network: RunNetwork
  /** `sha256:…`, where it is known what comes. */
  readonly checksum: string | undefined
  readonly signal: AbortSignal
  readonly mostBytes?: number
}

export interface Fetched {
  readonly path: string
  /** What it is called; empty where neither the address nor the answer says so. */
  readonly name: string
}

const MOST_BYTES = 4 * 1024 ** 3
const MOST_REDIRECTS = 10
/** As slow as this is as good as cut. */
const LEAST_BYTES_PER_MINUTE = 60 * 1024

/** Fetches what ADD names: a file that only its owner may read, as old as the server says. Throws Fault in words for people. */
export async function fetchForAdd(url: string, { clock, folder, network, checksum, signal, mostBytes = MOST_BYTES }: FetchOptions): Promise<Fetched> {
  if (network === 'none') throw new Fault('invalid', `ADD of ${shown(url)}: the build was given no network`)
  const expected = checksum === undefined ? undefined : digestGiven(checksum)
  using http = createHttp(clock, LEAST_BYTES_PER_MINUTE, network === 'host' ? undefined : (address) => !isOfNode(address))
  let at = parsed(url)
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const answer = await http.send({ method: 'GET', url: at.href, headers: { 'user-agent': 'gantry-image-build', 'accept-encoding': 'identity' }, tls: { ca: [], skipVerify: false }, signal })
    const { location } = answer.headers
    if (answer.status === 200) return await keep(answer, { url, at, folder, expected, mostBytes })
    answer.discard()
    if (answer.status < 300 || answer.status > 399 || location === undefined) throw new Fault(answer.status === 404 ? 'not-found' : 'unavailable', `ADD of ${shown(url)}: invalid response status ${answer.status}`)
    at = parsed(location, at)
  }
  throw new Fault('unavailable', `ADD of ${shown(url)}: stopped after ${MOST_REDIRECTS} redirects`)
}

interface Kept {
  readonly url: string
  /** After redirects. */
  readonly at: URL
  readonly folder: string
  readonly expected: string | undefined
  readonly mostBytes: number
}

async function keep(answer: HttpAnswer, { url, at, folder, expected, mostBytes }: Kept): Promise<Fetched> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'fetched')
  const hash = createHash('sha256')
  const file = await open(path, 'wx', 0o600)
  try {
    let size = 0
    for await (const chunk of answer.body) {
      size += chunk.length
      if (size > mostBytes) throw new Fault('exhausted', `ADD of ${shown(url)}: it is larger than ${mostBytes} bytes`)
      hash.update(chunk)
      await file.writeFile(chunk)
    }
  } finally {
    await file.close()
    answer.discard()
  }
  const found = `sha256:${hash.digest('hex')}`
  if (expected !== undefined && found !== expected) throw new Fault('invalid', `ADD of ${shown(url)}: digest mismatch ${found}: ${expected}`)
  const seconds = Math.trunc(Date.parse(answer.headers['last-modified'] ?? '') / 1000)
  const modified = Number.isFinite(seconds) && seconds > 0 ? seconds : 0
  await utimes(path, modified, modified)
  return { path, name: nameOf(answer.headers['content-disposition'], at) }
}

/** What the server calls it, or how its address ends; never a way to somewhere else. */
function nameOf(disposition: string | undefined, { pathname }: URL): string {
  const given = /;\s*filename="?([^";]+)"?/i.exec(disposition ?? '')?.[1]
  const name = (given ?? decoded(pathname.split('/').at(-1) ?? '')).split('/').at(-1) ?? ''
  return name === '.' || name === '..' || name.includes('\0') || Buffer.byteLength(name) > 255 ? '' : name
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function parsed(text: string, from?: URL): URL {
  const url = URL.parse(text, from)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) throw new Fault('invalid', `ADD of ${shown(text)}: that is no http:// or https:// address`)
  return url
}

function digestGiven(text: string): string {
  if (!/^sha256:[0-9a-f]{64}$/.test(text)) throw new Fault('invalid', `--checksum=${text}: it is sha256: and 64 digits of a hexadecimal number`)
  return text
}

/** Without what opens it. */
function shown(url: string): string {
  const known = URL.parse(url)
  if (known === null || (known.username === '' && known.password === '')) return url
  known.username = ''
  known.password = ''
  return known.href
}

/** Loopback, the link (where machines of clouds are told their secrets), nobody and everybody: what no step of a build reaches over its own network. */
const OF_NODE = new BlockList()
for (const [network, bits] of [['0.0.0.0', 8], ['127.0.0.0', 8], ['169.254.0.0', 16], ['224.0.0.0', 4], ['240.0.0.0', 4]] as const) OF_NODE.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of [['::', 127], ['fe80::', 10], ['ff00::', 8]] as const) OF_NODE.addSubnet(network, bits, 'ipv6')

const isOfNode = (address: string): boolean => OF_NODE.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
