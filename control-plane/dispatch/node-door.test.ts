import { expect, test } from 'vitest'
import type { AgentMessage, ServerMessage, StreamFrame } from '../../proto/gen/node/v1/session.ts'
import type { Duplex } from '../../proto/rpc.ts'
import { channel } from '../../shared/kit/channel.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { Dispatch } from './dispatch.ts'
import { createNodeDoor, type Leading, type NodeDoor } from './node-door.ts'

interface At {
  leading: Leading | undefined
  leader: string | undefined
}

function doorAt(at: At): NodeDoor {
  return createNodeDoor({ leading: () => at.leading, leaderAddress: () => at.leader, requestToken: () => Promise.resolve({ token: 't', expiresMs: 1 }) })
}

/** A leader whose sessions last as long as their streams. */
function leads(): { readonly leading: Leading; readonly sessions: string[]; depose(): void } {
  const over = new AbortController()
  const sessions: string[] = []
  const dispatch = {
    async session(nodeName: string, stream: Duplex<ServerMessage, AgentMessage>) {
      sessions.push(nodeName)
      for await (const _message of stream.incoming);
    },
  } as unknown as Dispatch
  return { leading: { dispatch, signal: over.signal, isConfirmed: () => !over.signal.aborted }, sessions, depose: () => over.abort() }
}

function agent(): { readonly stream: Duplex<ServerMessage, AgentMessage>; readonly heard: ServerMessage[]; readonly isClosed: () => boolean } {
  const up = channel<AgentMessage>()
  const heard: ServerMessage[] = []
  return { heard, isClosed: () => up.closed, stream: { send: (message) => void heard.push(message), drained: async () => {}, incoming: up, close: () => up.close() } }
}

const redirectedTo = (leader: string): ServerMessage => ({ message: { $case: 'redirected', value: { leader } } })

test('one that follows points at the leader, if there is one', async () => {
  for (const leader of [undefined, 'b:6444']) {
    const { stream, heard, isClosed } = agent()
    await doorAt({ leading: undefined, leader }).session('n1', stream)
    expect([heard, isClosed()]).toEqual([[redirectedTo(leader ?? '')], true])
  }
})

test('a session lasts as long as the leadership, and ends pointing at the next leader', async () => {
  const { leading, sessions, depose } = leads()
  const at: At = { leading, leader: 'a:6444' }
  const { stream, heard, isClosed } = agent()
  const session = doorAt(at).session('n1', stream)
  expect([sessions, heard, isClosed()]).toEqual([['n1'], [], false])
  Object.assign(at, { leading: undefined, leader: 'b:6444' })
  depose()
  await session
  expect([heard, isClosed()]).toEqual([[redirectedTo('b:6444')], true])
})

test('only a confirmed leader says that it leads', () => {
  const { leading, depose } = leads()
  const at: At = { leading, leader: 'a:6444' }
  const door = doorAt(at)
  expect(door.findLeader()).toEqual({ leader: 'a:6444', isLeading: true })
  depose()
  expect(door.findLeader()).toEqual({ leader: 'a:6444', isLeading: false })
  Object.assign(at, { leading: undefined, leader: undefined })
  expect(door.findLeader()).toEqual({ leader: '', isLeading: false })
})

test('tokens are given by all, streams by the leader alone', async () => {
  const door = doorAt({ leading: undefined, leader: 'b:6444' })
  expect(await door.requestToken('n1', { pod: undefined, serviceAccount: '', audiences: [], expirationSeconds: 1 })).toEqual({ token: 't', expiresMs: 1 })
  const nothing = { send: () => {}, drained: async () => {}, incoming: channel<never>(), close: () => {} }
  await expect(door.stream('n1', nothing)).rejects.toMatchObject({ code: 'unavailable', message: 'this control plane does not lead: b:6444 does' })
  await expect(door.relay(nothing)).rejects.toMatchObject({ code: 'unavailable' })
})

test('streams end with the leadership, also when the agent hangs up first, and say so', async () => {
  for (const hangsUp of [false, true]) {
    const { leading, depose } = leads()
    const heard = Promise.withResolvers<unknown>()
    const dispatch = {
      async stream(_nodeName: string, stream: Duplex<StreamFrame, StreamFrame>) {
        for await (const _frame of stream.incoming);
      },
    } as unknown as Dispatch
    const up = channel<StreamFrame>()
    doorAt({ leading: { ...leading, dispatch }, leader: 'a:6444' })
      .stream('n1', { send: () => {}, drained: async () => {}, incoming: up, close: () => up.close() })
      .then(() => heard.resolve(undefined), heard.resolve)
    up.push({ frame: { $case: 'streamId', value: 'x' } })
    depose()
    if (hangsUp) up.close(new Fault('cancelled', 'the other side went away'))
    expect(await heard.promise).toMatchObject({ code: 'unavailable', message: 'the leader of the control planes has changed, and this stream ended with the old leadership: run the command again' })
  }
})
