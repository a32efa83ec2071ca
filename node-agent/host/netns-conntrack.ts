import { Fault, isFault } from '../../shared/kit/faults.ts'
import { inEnglish, runProgram } from './exec.ts'
import { type Libc, loadLibc } from './libc.ts'
import { attribute, attributesIn, type Message } from './netns-messages.ts'
import { NETLINK_NETFILTER, NetlinkSocket } from './netns-netlink.ts'

/** One connection as the kernel tracks it: where it was sent, and who is to answer. */
export interface Flow {
  readonly protocol: 'TCP' | 'UDP'
  readonly source: string
  readonly sourcePort: number
  readonly destination: string
  readonly destinationPort: number
  readonly replySource: string
  readonly replySourcePort: number
}

/** The kernel's table of connections: each keeps its translation as long as packets come. */
export interface Conntrack {
  /** Of TCP only those that nothing was answered to yet. */
  flows(protocol: Flow['protocol']): Promise<readonly Flow[]>
  /** One that is gone already is no error. */
  forget(flow: Flow): Promise<void>
}

/** @param libc by default the C library where Node can reach it; else the program `conntrack`, which few hosts have. */
export function systemConntrack(libc: Libc | undefined = loadLibc()): Conntrack {
  return libc ? callConntrack(libc) : programConntrack()
}

const CT_GET = (1 << 8) | 1
const CT_DELETE = (1 << 8) | 2
const AF_INET = 2
const NUMBERS = { TCP: 6, UDP: 17 } as const
const NESTED = 0x8000
const CTA = { tupleOrig: 1, tupleReply: 2, status: 3, statusMask: 26 } as const
/** `IPS_SEEN_REPLY` */
const ANSWERED = 2
const TUPLE = { ip: 1, proto: 2 } as const
const IP = { source: 1, destination: 2 } as const
const PROTO = { number: 1, sourcePort: 2, destinationPort: 3 } as const
/** `struct nfgenmsg` */
const HEADER = Buffer.from([AF_INET, 0, 0, 0])

function callConntrack(libc: Libc): Conntrack {
  return {
    async flows(protocol) {
      using socket = new NetlinkSocket(libc, NETLINK_NETFILTER)
      // The kernel leaves out the rest by itself, but for one older than 5.13.
      const body = protocol === 'UDP' ? HEADER : Buffer.concat([HEADER, attribute(CTA.status, bigEndian(0)), attribute(CTA.statusMask, bigEndian(ANSWERED))])
      return socket.dump({ type: CT_GET, flags: 0, body }).flatMap((found) => readFlow(found, protocol) ?? [])
    },
    async forget(flow) {
      using socket = new NetlinkSocket(libc, NETLINK_NETFILTER)
      try {
        socket.request([{ what: `forget the flow to ${flow.destination}:${flow.destinationPort}`, ...deleteMessage(flow) }])
      } catch (error) {
        if (!isFault(error, 'not-found')) throw error
      }
    },
  }
}

interface Tuple {
  readonly protocol: number
  readonly source: string
  readonly destination: string
  readonly sourcePort: number
  readonly destinationPort: number
}

function bigEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

function readFlow(body: Buffer, protocol: Flow['protocol']): Flow | undefined {
  const attributes = attributesIn(body, HEADER.length)
  const [sent, answered] = [readTuple(attributes.get(CTA.tupleOrig)), readTuple(attributes.get(CTA.tupleReply))]
  if (sent === undefined || answered === undefined || sent.protocol !== NUMBERS[protocol]) return undefined
  if (protocol === 'TCP' && ((attributes.get(CTA.status)?.readUInt32BE() ?? 0) & ANSWERED) !== 0) return undefined
  const { source, sourcePort, destination, destinationPort } = sent
  return { protocol, source, sourcePort, destination, destinationPort, replySource: answered.source, replySourcePort: answered.sourcePort }
}

function readTuple(bytes: Buffer | undefined): Tuple | undefined {
  if (bytes === undefined) return undefined
  const parts = attributesIn(bytes)
  const ip = attributesIn(parts.get(TUPLE.ip) ?? Buffer.alloc(0))
  const proto = attributesIn(parts.get(TUPLE.proto) ?? Buffer.alloc(0))
  const [source, destination, number] = [ip.get(IP.source), ip.get(IP.destination), proto.get(PROTO.number)]
  if (source === undefined || destination === undefined || number === undefined) return undefined
  return {
    protocol: number.readUInt8(),
    source: source.join('.'),
    destination: destination.join('.'),
    sourcePort: proto.get(PROTO.sourcePort)?.readUInt16BE() ?? 0,
    destinationPort: proto.get(PROTO.destinationPort)?.readUInt16BE() ?? 0,
  }
}

function deleteMessage(flow: Flow): Message {
  const address = (text: string): Buffer => Buffer.from(text.split('.').map(Number))
  const port = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff])
  const ip = attribute(TUPLE.ip | NESTED, [attribute(IP.source, address(flow.source)), attribute(IP.destination, address(flow.destination))])
  const proto = attribute(TUPLE.proto | NESTED, [attribute(PROTO.number, Buffer.from([NUMBERS[flow.protocol]])), attribute(PROTO.sourcePort, port(flow.sourcePort)), attribute(PROTO.destinationPort, port(flow.destinationPort))])
  return { type: CT_DELETE, flags: 0, body: Buffer.concat([HEADER, attribute(CTA.tupleOrig | NESTED, [ip, proto])]) }
}

function programConntrack(): Conntrack {
  return {
    async flows(protocol) {
      const { stdout } = await runProgram('conntrack', ['-L', '-p', protocol.toLowerCase(), '-f', 'ipv4'], { env: inEnglish }).catch((error: unknown) => {
        if (isFault(error, 'unsupported')) return { stdout: '' }
        throw error
      })
      return stdout.split('\n').flatMap((line) => (protocol === 'TCP' && !line.includes('[UNREPLIED]') ? [] : (parseFlow(line, protocol) ?? [])))
    },
    async forget({ protocol, source, sourcePort, destination, destinationPort }) {
      const { exitCode, stderr } = await runProgram('conntrack', ['-D', '-p', protocol.toLowerCase(), '-s', source, '-d', destination, '--sport', String(sourcePort), '--dport', String(destinationPort)], { env: inEnglish })
      if (exitCode !== 0 && !stderr.includes('0 flow entries')) throw new Fault('internal', `conntrack: ${stderr.trim()}`)
    },
  }
}

function parseFlow(line: string, protocol: Flow['protocol']): Flow | undefined {
  const all = (key: string): readonly string[] => [...line.matchAll(new RegExp(`\\b${key}=(\\S+)`, 'g'))].map((match) => match[1] ?? '')
  const [source, replySource] = all('src')
  const [destination] = all('dst')
  const [sourcePort, replySourcePort] = all('sport').map(Number)
  const [destinationPort] = all('dport').map(Number)
  if (source === undefined || replySource === undefined || destination === undefined || sourcePort === undefined || replySourcePort === undefined || destinationPort === undefined) return undefined
  return { protocol, source, sourcePort, destination, destinationPort, replySource, replySourcePort }
}
