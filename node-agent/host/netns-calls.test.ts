import { expect, test } from 'vitest'
import type { Libc } from './libc.ts'
import { callNetns } from './netns-calls.ts'
import { answersIn, attributesIn, packet } from './netns-messages.ts'

const EPERM = 1
const ENODEV = 19
const NLMSG_ERROR = 2

/** A kernel that refuses what it is sent. Looking up the index of a link is no call that it knows. */
function kernelThatAnswers(errno: number): { readonly libc: Libc; readonly sent: Buffer[] } {
  const sent: Buffer[] = []
  const calls: Pick<Libc, 'socket' | 'send' | 'receive' | 'close'> = {
    socket: () => 99,
    send: (_, bytes) => void sent.push(Buffer.from(bytes)),
    receive(_, into) {
      const body = Buffer.alloc(20)
      body.writeInt32LE(-errno)
      const answer = packet([{ type: NLMSG_ERROR, flags: 0, body }], 1)
      into.set(answer)
      return answer.length
    },
    close: () => {},
  }
  return { libc: calls as Libc, sent }
}

test('a link that is gone is not asked for', async () => {
  const { libc, sent } = kernelThatAnswers(EPERM)
  await callNetns(libc).dropLink('gtnotthere')
  expect(sent).toEqual([])
})

test('one that is there is removed by its name, and may go in the same moment', async () => {
  const { libc, sent } = kernelThatAnswers(ENODEV)
  await callNetns(libc).dropLink('lo')
  const [message, ...others] = sent.flatMap(answersIn)
  expect(others).toEqual([])
  if (message?.kind !== 'message') throw new Error('nothing was sent')
  expect(message).toMatchObject({ type: 17, sequence: 1 })
  expect(message.body.readInt32LE(4)).toBe(0)
  expect(attributesIn(message.body, 16).get(3)?.toString()).toBe('lo\0')
})

test('one that may not be removed is told of', async () => {
  await expect(callNetns(kernelThatAnswers(EPERM).libc).dropLink('lo')).rejects.toMatchObject({ code: 'permission', message: 'remove the link lo: EPERM' })
})
