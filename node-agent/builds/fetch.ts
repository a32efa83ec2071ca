import { createHash } from 'node:crypto'
import { mkdir, open, utimes } from 'node:fs/promises'
import { BlockList, isIPv6 } from 'node:net'
import { join } from 'node:path'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { RunNetwork } from '../../shared/model/dockerfile/instruction.ts'
import { diskSpace } from '../host/disk.ts'
import { createHttp, type HttpAnswer, type Reach } from '../images/registry/http.ts'

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
  /** Of the file system that holds a folder. */
  readonly space?: typeof diskSpace
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
/** With all redirects. */
const MOST_MS = 60 * 60 * 1000
/** Left free on the disk for all else on the node; of a small one the twentieth part. */
const RESERVE_BYTES = 256 << 20
/** What does not say how much it is may fill the disk: so often it is looked at. */
const LOOK_EVERY_BYTES = 16 << 20

/** Fetches what ADD names: a file that only its owner may read, as old as the server says. Throws Fault in words for people. */
export async function fetchForAdd(url: string, options: FetchOptions): Promise<Fetched> {
  const { clock, network, checksum, signal } = options
  if (network === 'none') throw new Fault('invalid', `ADD of ${shown(url)}: the build was given no network`)
  const expected = checksum === undefined ? undefined : digestGiven(checksum)
  const late = new AbortController()
  const cancel = clock.after(MOST_MS, () => late.abort(new Fault('unavailable', `ADD of ${shown(url)}: it took longer than ${MOST_MS / 60_000} minutes`)))
  try {
    return await follow(url, { ...options, signal: AbortSignal.any([signal, late.signal]), expected })
  } finally {
    cancel()
  }
}

async function follow(url: string, { clock, folder, network, signal, expected, mostBytes = MOST_BYTES, space = diskSpace }: FetchOptions & Pick<Kept, 'expected'>): Promise<Fetched> {
  using http = createHttp(clock, LEAST_BYTES_PER_MINUTE, network === 'host' ? undefined : OF_BUILDS)
  let at = parsed(url)
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const answer = await http.send({ method: 'GET', url: at.href, headers: { 'user-agent': 'gantry-image-build', 'accept-encoding': 'identity' }, tls: { ca: [], skipVerify: false }, signal })
    const { location } = answer.headers
    if (answer.status === 200) return await keep(answer, { url, at, folder, expected, mostBytes, space })
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
  readonly space: typeof diskSpace
}

async function keep(answer: HttpAnswer, kept: Kept): Promise<Fetched> {
  const { at, url, folder, expected } = kept
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const path = join(folder, 'fetched')
  const hash = createHash('sha256')
  const file = await open(path, 'wx', 0o600)
  try {
    await refuseUnlessRoom(kept, Number(answer.headers['content-length'] ?? 0))
    let [size, looked] = [0, 0]
    for await (const chunk of answer.body) {
      size += chunk.length
      refuseTooLarge(kept, size)
      if (size - looked >= LOOK_EVERY_BYTES) {
        await refuseUnlessRoom(kept, chunk.length)
        looked = size
      }
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

function refuseTooLarge({ url, mostBytes }: Kept, bytes: number): void {
  if (bytes > mostBytes) throw new Fault('exhausted', `ADD of ${shown(url)}: it is larger than ${mostBytes} bytes`)
}

/** So many bytes more than are there already. */
async function refuseUnlessRoom(kept: Kept, bytes: number): Promise<void> {
  refuseTooLarge(kept, bytes)
  const { capacityBytes, availableBytes } = await kept.space(kept.folder)
  const room = Math.max(0, Math.trunc(availableBytes - Math.min(RESERVE_BYTES, capacityBytes / 20)))
  if (bytes > room) throw new Fault('exhausted', `ADD of ${shown(kept.url)}: the disk of the node has room for ${room} bytes more, and ${bytes} come`)
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

/** As far as the steps of a build get: their network is one of IPv4, so over IPv6 the node would fetch for them what is out of their reach, by whatever address it has there. */
const OF_BUILDS: Reach = {
  family: 4,
  refusal: (address) => {
    if (isIPv6(address)) return 'is an address of IPv6, and the network of a build has none: build with --network=host to fetch from there'
    return OF_NODE.check(address, 'ipv4') ? 'is an address of the node itself or of its link' : undefined
  },
}
