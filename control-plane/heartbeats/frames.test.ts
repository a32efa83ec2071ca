import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FRAME_CAP_BYTES, frameReader, writeFrame } from '../../proto/frames.ts'

const pieces = (bytes: Uint8Array, cuts: readonly number[]): readonly Uint8Array[] => {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, index) => bytes.slice(at[index], end))
}

test('frames arrive whole and in order, however the stream cuts them', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), fc.array(fc.nat(500), { maxLength: 10 }), (messages, cuts) => {
      const written: Uint8Array[] = []
      for (const message of messages) writeFrame({ write: (bytes) => written.push(bytes) }, message)
      const read: Uint8Array[] = []
      const take = frameReader((bytes) => void read.push(Uint8Array.from(bytes)))
      for (const piece of pieces(Buffer.concat(written), cuts)) take(piece)
      expect(read).toEqual(messages)
    }),
  )
})

/** Whoever sends it byte by byte must not keep the thread busy: quadratic work takes a minute here. */
test('a large frame in small pieces is no more work than in large ones', () => {
  const written: Uint8Array[] = []
  writeFrame({ write: (bytes) => written.push(bytes) }, new Uint8Array(FRAME_CAP_BYTES).fill(7))
  const bytes = Buffer.concat(written)
  const read: number[] = []
  const take = frameReader((frame) => void read.push(frame.length, frame.at(-1) ?? 0))
  for (let at = 0; at < bytes.length; at += 4) take(bytes.subarray(at, at + 4))
  expect(read).toEqual([FRAME_CAP_BYTES, 7])
})

test('a frame beyond the cap is refused on both sides', () => {
  expect(() => writeFrame({ write: () => {} }, new Uint8Array(FRAME_CAP_BYTES + 1))).toThrow('at most')
  expect(() => frameReader(() => {})(Uint8Array.of(0xff, 0, 0, 0))).toThrow('at most')
})
