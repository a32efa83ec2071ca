/** Builds and reads netlink messages (netlink(7), rtnetlink(7)): little-endian as on every processor Gantry runs on. Pure but for Buffer. */
export const NLM = { request: 0x1, ack: 0x4, create: 0x400, exclusive: 0x200, dump: 0x300 } as const
export const RTM = { newLink: 16, delLink: 17, setLink: 19, newAddress: 20, newRoute: 24 } as const
const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const HEADER_BYTES = 16

export interface Message {
  readonly type: number
  readonly flags: number
  /** The fixed struct and the attributes after it. */
  readonly body: Buffer
}

const align = (length: number): number => (length + 3) & ~3

export function attribute(type: number, value: Buffer | readonly Buffer[]): Buffer {
  const content = Buffer.isBuffer(value) ? value : Buffer.concat(value)
  const bytes = Buffer.alloc(align(4 + content.length))
  bytes.writeUInt16LE(4 + content.length, 0)
  bytes.writeUInt16LE(type, 2)
  content.copy(bytes, 4)
  return bytes
}

export const u8 = (value: number): Buffer => Buffer.from([value])
export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
export const text = (value: string): Buffer => Buffer.from(`${value}\0`)
export const ipv4 = (address: string): Buffer => Buffer.from(address.split('.').map(Number))
export const macBytes = (mac: string): Buffer => Buffer.from(mac.replaceAll(':', ''), 'hex')

/** `struct ifinfomsg` */
export function linkHeader({ family = 0, index = 0, flags = 0, change = 0 }: { readonly family?: number; readonly index?: number; readonly flags?: number; readonly change?: number }): Buffer {
  const bytes = Buffer.alloc(16)
  bytes.writeUInt8(family, 0)
  bytes.writeInt32LE(index, 4)
  bytes.writeUInt32LE(flags, 8)
  bytes.writeUInt32LE(change, 12)
  return bytes
}

/** The messages in one packet; the kernel answers each that asks for an ack. */
export function packet(messages: readonly Message[], firstSequence: number): Buffer {
  return Buffer.concat(
    messages.map(({ type, flags, body }, at) => {
      const header = Buffer.alloc(HEADER_BYTES)
      header.writeUInt32LE(HEADER_BYTES + body.length, 0)
      header.writeUInt16LE(type, 4)
      header.writeUInt16LE(flags, 6)
      header.writeUInt32LE(firstSequence + at, 8)
      return Buffer.concat([header, body, Buffer.alloc(align(body.length) - body.length)])
    }),
  )
}

export type Answer =
  | { readonly kind: 'ack'; readonly sequence: number; /** 0: done. */ readonly errno: number }
  | { readonly kind: 'done' }
  | { readonly kind: 'message'; readonly type: number; readonly sequence: number; readonly body: Buffer }

/** Everything in what one `recv` gave. */
export function answersIn(bytes: Buffer): readonly Answer[] {
  const answers: Answer[] = []
  for (let at = 0; at + HEADER_BYTES <= bytes.length; ) {
    const length = bytes.readUInt32LE(at)
    if (length < HEADER_BYTES) break
    const type = bytes.readUInt16LE(at + 4)
    const sequence = bytes.readUInt32LE(at + 8)
    const body = bytes.subarray(at + HEADER_BYTES, at + length)
    if (type === NLMSG_ERROR) answers.push({ kind: 'ack', sequence, errno: Math.abs(body.readInt32LE(0)) })
    else answers.push(type === NLMSG_DONE ? { kind: 'done' } : { kind: 'message', type, sequence, body: Buffer.from(body) })
    at += align(length)
  }
  return answers
}

/** The attributes from `offset` on, by type (without the nesting and byte order bits). */
export function attributesIn(body: Buffer, offset = 0): ReadonlyMap<number, Buffer> {
  const found = new Map<number, Buffer>()
  for (let at = offset; at + 4 <= body.length; ) {
    const length = body.readUInt16LE(at)
    if (length < 4) break
    found.set(body.readUInt16LE(at + 2) & 0x3fff, body.subarray(at + 4, at + length))
    at += align(length)
  }
  return found
}
