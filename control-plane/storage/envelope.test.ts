import { expect, test } from 'vitest'
import { fromStored, toStored } from './envelope.ts'

test.each([[0, '{}'], [7, '12\n{}'], [1023, '{"text":"grüße 🌍"}'], [999, '']])('position %i and its value come back', (position, value) => {
  expect(fromStored(Buffer.from(toStored(position, value)))).toEqual({ position, value })
})

test.each(['{"a":1}', '', '\n{}', 'x\n{}', '1024\n{}', '-1\n{}', '1.5\n{}', '123456\n{}'])('%j was put by other hands: position 0', (text) => {
  expect(fromStored(Buffer.from(text))).toEqual({ position: 0, value: text })
})
