import { describe, expect, it } from 'vitest'
import { answersIn, attribute, attributesIn, ipv4, linkHeader, macBytes, packet, text, u32 } from './netns-messages.ts'

describe('netlink messages', () => {
  it('are aligned to four bytes, with lengths that are not', () => {
    const bytes = attribute(3, text('lo'))
    expect([...bytes]).toEqual([7, 0, 3, 0, 108, 111, 0, 0])
    expect([...attribute(18, [bytes, attribute(4, u32(1500))])].slice(0, 4)).toEqual([20, 0, 18, 0])
  })

  it('give back what was put in', () => {
    const body = Buffer.concat([linkHeader({ index: 7 }), attribute(3, text('gt0')), attribute(1 | 0x8000, macBytes('0a:58:0a:f4:01:02')), attribute(2, ipv4('10.244.1.2'))])
    const [first, second] = answersIn(packet([{ type: 16, flags: 0, body }, { type: 17, flags: 0, body: Buffer.alloc(1) }], 5))
    expect(first).toMatchObject({ kind: 'message', type: 16, sequence: 5 })
    expect(second).toMatchObject({ kind: 'message', type: 17, sequence: 6 })
    const found = attributesIn(body, 16)
    expect(found.get(3)?.toString()).toBe('gt0\0')
    expect([...(found.get(1) ?? [])]).toEqual([0x0a, 0x58, 0x0a, 0xf4, 1, 2])
    expect([...(found.get(2) ?? [])]).toEqual([10, 244, 1, 2])
  })

  it('tell acks and errors', () => {
    const error = Buffer.alloc(20)
    error.writeInt32LE(-17)
    expect(answersIn(packet([{ type: 2, flags: 0, body: error }, { type: 2, flags: 0, body: Buffer.alloc(20) }, { type: 3, flags: 0, body: Buffer.alloc(4) }], 1))).toEqual([{ kind: 'ack', sequence: 1, errno: 17 }, { kind: 'ack', sequence: 2, errno: 0 }, { kind: 'done' }])
  })

  it('cut off in the middle end what is read', () => {
    expect(answersIn(Buffer.from([1, 0, 0]))).toEqual([])
    expect(answersIn(Buffer.alloc(32))).toEqual([])
    expect(attributesIn(Buffer.from([1, 0, 0, 0, 9])).size).toBe(0)
  })
})
