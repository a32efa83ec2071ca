import { Fault, isFault } from '../../shared/kit/faults.ts'
import { faultOfErrno } from './errno.ts'
import type { Libc } from './libc.ts'
import { type Answer, answersIn, type Message, NLM, packet } from './netns-messages.ts'

const AF_NETLINK = 16
const SOCK_RAW_CLOEXEC = 3 | 0o2000000
export const NETLINK_ROUTE = 0
export const NETLINK_NETFILTER = 12

/** netdevice(7) */
const SIOCGIFINDEX = 0x8933
const IFNAME_BYTES = 16
const IFREQ_BYTES = 40

/** More than any answer is long; a dump comes in pieces of at most 32 KiB. */
const RECEIVE_BYTES = 64 << 10
/** A dump of a full table of connections ends; one that does not is a bug. */
const MAX_RECEIVES = 100_000

/**
 * A netlink socket of the network namespace the calling thread was in when it was opened: it keeps speaking to that one.
 * The kernel answers while `send` runs, so nothing here ever waits.
 */
export class NetlinkSocket implements Disposable {
  readonly #libc: Libc
  readonly #fd: number
  readonly #buffer = Buffer.alloc(RECEIVE_BYTES)
  #sequence = 1

  constructor(libc: Libc, protocol = NETLINK_ROUTE) {
    this.#libc = libc
    this.#fd = libc.socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol)
  }

  /** Sends all at once and checks every answer. `what` says for people which of them failed. */
  request(messages: ReadonlyArray<Message & { readonly what: string }>): void {
    const first = this.#sequence
    this.#sequence += messages.length
    const acknowledged = messages.map((message) => ({ ...message, flags: message.flags | NLM.request | NLM.ack }))
    this.#libc.send(this.#fd, packet(acknowledged, first))
    let open = messages.length
    let failure: Fault | undefined
    while (open > 0) {
      for (const answer of this.#receive()) {
        if (answer.kind !== 'ack' || answer.sequence < first) continue
        open--
        if (answer.errno !== 0) failure ??= faultOfErrno(answer.errno, messages[answer.sequence - first]?.what ?? 'netlink request')
      }
    }
    if (failure !== undefined) throw failure
  }

  /**
   * The index of a link; undefined where there is none of that name. Waits for nobody who changes links, as a question in messages does. Only for links that should be
   * there: for others a kernel with modules starts a program that looks for one of that name, and this thread waits for it.
   */
  indexOf(link: string): number | undefined {
    const request = Buffer.alloc(IFREQ_BYTES)
    request.write(link, 0, IFNAME_BYTES - 1)
    try {
      this.#libc.ioctl(this.#fd, SIOCGIFINDEX, request)
    } catch (error) {
      // ENODEV
      if (isFault(error, 'unsupported')) return undefined
      throw error
    }
    return request.readInt32LE(IFNAME_BYTES)
  }

  /** Everything of a kind. */
  dump(message: Message): readonly Buffer[] {
    this.#libc.send(this.#fd, packet([{ ...message, flags: message.flags | NLM.request | NLM.dump }], this.#sequence++))
    const found: Buffer[] = []
    for (let receives = 0; receives < MAX_RECEIVES; receives++) {
      for (const answer of this.#receive()) {
        if (answer.kind === 'message') found.push(answer.body)
        else if (answer.kind === 'done') return found
        else if (answer.errno !== 0) throw faultOfErrno(answer.errno, 'netlink dump')
      }
    }
    throw new Fault('internal', 'a netlink dump has no end')
  }

  [Symbol.dispose](): void {
    this.#libc.close(this.#fd)
  }

  #receive(): readonly Answer[] {
    try {
      return answersIn(this.#buffer.subarray(0, this.#libc.receive(this.#fd, this.#buffer)))
    } catch (error) {
      if (isFault(error, 'unavailable')) throw new Fault('internal', 'the kernel left a netlink request unanswered', { cause: error })
      throw error
    }
  }
}
