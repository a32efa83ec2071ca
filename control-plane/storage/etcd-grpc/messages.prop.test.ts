import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FrameReader, frameOf } from './frames.ts'
import { GrpcError } from './grpc-error.ts'
import { MessageReader } from './message-reader.ts'
import type { MessageWriter } from '../../../shared/kit/message-writer.ts'

type Field = { readonly kind: 'number'; readonly value: number } | { readonly kind: 'large'; readonly value: bigint } | { readonly kind: 'text'; readonly value: string } | { readonly kind: 'message'; readonly value: readonly Field[] }

const { fields } = fc.letrec<{ field: Field; fields: readonly Field[] }>((tie) => ({
  field: fc.oneof(
    { maxDepth: 4 },
    fc.record({ kind: fc.constant('number' as const), value: fc.maxSafeNat() }),
    fc.record({ kind: fc.constant('large' as const), value: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) }),
    fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'grapheme', maxLength: 3000 }) }),
    fc.record({ kind: fc.constant('message' as const), value: tie('fields') }),
  ),
  fields: fc.array(tie('field'), { maxLength: 8 }),
}))

/** Each field has its place in the list for its number, from 1. */
function write(writer: MessageWriter, all: readonly Field[]): void {
  for (const [index, field] of [...all.entries()].toReversed()) {
    if (field.kind === 'number') writer.number(index + 1, field.value)
    else if (field.kind === 'large') writer.large(index + 1, field.value)
    else if (field.kind === 'text') writer.text(index + 1, field.value)
    else writer.message(index + 1, () => write(writer, field.value))
  }
}

function read(reader: MessageReader, all: readonly Field[]): readonly Field[] {
  const found: Field[] = []
  while (reader.next()) {
    const like = all[reader.field - 1]
    if (like?.kind === 'number') found.push({ kind: 'number', value: reader.number() })
    else if (like?.kind === 'large') found.push({ kind: 'large', value: reader.large() })
    else if (like?.kind === 'text') found.push({ kind: 'text', value: reader.text() })
    else if (like?.kind === 'message') found.push({ kind: 'message', value: read(reader.message(), like.value) })
  }
  return found
}

test('what is written is read, however it is cut into pieces on the way', () => {
  fc.assert(
    fc.property(fc.array(fields, { minLength: 1, maxLength: 3 }), fc.array(fc.nat(4000), { maxLength: 12 }), (messages, lengths) => {
      const bytes = Buffer.concat(messages.map((message) => frameOf((writer) => write(writer, message))))
      const frames = new FrameReader()
      const found: Array<readonly Field[]> = []
      for (let at = 0, piece = 0; at < bytes.length; piece++) {
        const length = 1 + (lengths[piece % Math.max(1, lengths.length)] ?? bytes.length)
        frames.push(bytes.subarray(at, at + length))
        at += length
        for (let message = frames.take(); message !== undefined; message = frames.take()) found.push(read(message, messages[found.length] ?? []))
      }
      expect(found).toEqual(messages)
    }),
    { numRuns: 200 },
  )
})

test('bytes that are no message end in an error, and never in a loop', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const reader = new MessageReader(Buffer.from(bytes))
      try {
        for (let fields = 0; reader.next(); fields++) expect(fields).toBeLessThan(bytes.length)
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError)
      }
    }),
  )
})

test('a compressed message is refused', () => {
  const frames = new FrameReader()
  frames.push(Buffer.from([1, 0, 0, 0, 0]))
  expect(() => frames.take()).toThrow(GrpcError)
})
