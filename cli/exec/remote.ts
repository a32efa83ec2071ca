/** A command in a container whose input and output are streams of this process, not the terminal. */
import type { Readable, Writable } from 'node:stream'
import type { Pod } from '../../shared/model/gen/api.ts'
import type { Call } from '../program/command.ts'
import { openChannels } from '../stream/channels.ts'
import { codeOf } from './session.ts'

const STDIN = 0
const STDOUT = 1
const STDERR = 2
const ERROR = 3

export interface Remote {
  readonly pod: Pod
  readonly container: string
  readonly command: readonly string[]
  readonly input?: Readable | undefined
  readonly output?: Writable | undefined
}

/** Resolves with what it said on its error output, once it has ended well. @throws Problem with its exit code otherwise */
export async function runRemote(call: Call, { pod, container, command, input, output }: Remote): Promise<string> {
  const { target } = await call.cluster()
  const query = new URLSearchParams([...command.map((word): [string, string] => ['command', word]), ['container', container], ['stdout', 'true'], ['stderr', 'true'], ...(input ? [['stdin', 'true'] as [string, string]] : [])])
  const ended = Promise.withResolvers<void>()
  let outcome = ''
  let said = ''
  const socket = await openChannels(target, `/api/v1/namespaces/${pod.metadata.namespace ?? ''}/pods/${pod.metadata.name ?? ''}/exec?${query.toString()}`, {
    protocols: ['v5.channel.k8s.io'],
    onClose: ended.resolve,
    onChunk(channel, bytes) {
      if (channel === STDOUT) return output && written(output, bytes)
      if (channel === STDERR) said += bytes.toString()
      else if (channel === ERROR) outcome += bytes.toString()
    },
  })
  const abort = (): void => socket.close()
  call.signal.addEventListener('abort', abort, { once: true })
  const sending = input ? send(input, { bytes: (chunk) => socket.send(STDIN, chunk), drained: () => socket.drained(), end: () => socket.endChannel(STDIN) }) : Promise.resolve()
  try {
    await ended.promise
  } finally {
    call.signal.removeEventListener('abort', abort)
    output?.end()
  }
  await sending.catch(() => {})
  try {
    codeOf(outcome)
  } catch (error) {
    call.terminal.err(said)
    throw error
  }
  return said
}

async function send(input: Readable, to: { bytes(chunk: Buffer): void; drained(): Promise<void>; end(): void }): Promise<void> {
  try {
    for await (const chunk of input) {
      to.bytes(chunk as Buffer)
      await to.drained()
    }
  } finally {
    to.end()
  }
}

function written(output: Writable, bytes: Buffer): Promise<void> | void {
  if (output.destroyed || output.write(bytes)) return
  return new Promise((resolve) => {
    const done = (): void => {
      output.off('drain', done)
      output.off('close', done)
      resolve()
    }
    output.on('drain', done)
    output.on('close', done)
  })
}
