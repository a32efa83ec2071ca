import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { connectionOf } from './forwarder.ts'

test('what a relaying program complained about is told also where its exit is known first', async () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const connection = connectionOf({ pid: 1, stdin: undefined, stdout, stderr, extra: undefined, exited: Promise.resolve({ exitCode: 1 }), kill: () => {}, unref: () => {} })
  stdout.end()
  for await (const bytes of connection.output) expect.unreachable(String(bytes))
  // The exit has been told by now, and its words come in the next turn.
  setImmediate(() => stderr.end('socat: E connecting\nsocat: E Connection refused\n'))
  expect(await connection.ended).toBe('socat: E Connection refused')
})

test('a program that was ended by us has nothing to complain about', async () => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const connection = connectionOf({ pid: 1, stdin: undefined, stdout, stderr, extra: undefined, exited: Promise.resolve({ exitCode: 137 }), kill: () => {}, unref: () => {} })
  expect(await connection.ended).toBeUndefined()
})
