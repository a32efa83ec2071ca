import type { ApiResponse, Handle, User } from '../../control-plane/apiserver/request.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { Door, DoorAnswer, DoorRequest } from './door.ts'

export interface HandleDoorOptions {
  readonly server: string
  readonly handle: Handle
  /** Aborts when the server dies: every connection to it breaks. */
  readonly dead: AbortSignal
  /** Who does not answer for so long is not waited for: it may stand still, and go on later with what it was asked. */
  readonly patience?: { readonly clock: Clock; readonly answerMs: number; readonly streamMs: number } | undefined
}

const admin: User = { name: 'admin', uid: '', groups: ['system:masters', 'system:authenticated'], extra: {} }

/** The door of a server in this process, whose connections break when it dies. */
export function handleDoor({ server, handle, dead, patience }: HandleDoorOptions): Door {
  const bounded = (ms: number | undefined): AbortSignal => (patience && ms !== undefined ? AbortSignal.any([dead, ends(patience.clock, ms)]) : dead)
  const ask = ({ method, path, body, type = 'application/json' }: DoorRequest, signal: AbortSignal): Promise<ApiResponse> => {
    const [before = '', query = ''] = path.split('?')
    const bytes = body === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(body))
    return alive(signal, handle({ method, path: before, query: new URLSearchParams(query), headers: { 'user-agent': 'history/1', 'content-type': type }, body: bytes, user: admin, remoteAddress: '', signal }))
  }
  return {
    server,
    async request(request): Promise<DoorAnswer> {
      const answer = await ask(request, bounded(patience?.answerMs))
      if (answer.kind !== 'body') throw new Error(`${request.method} ${request.path} is answered with a ${answer.kind}`)
      return { status: answer.status, body: parsed(typeof answer.body === 'string' ? answer.body : new TextDecoder().decode(answer.body)) }
    },
    async stream(path, signal) {
      const either = AbortSignal.any([signal, bounded(patience?.streamMs)])
      const answer = await ask({ method: 'GET', path }, either)
      if (answer.kind !== 'stream') return { status: answer.kind === 'body' ? answer.status : 0, lines: none() }
      return { status: answer.status, lines: linesOf(answer.chunks, either) }
    },
  }
}

function ends(clock: Clock, ms: number): AbortSignal {
  const end = new AbortController()
  clock.after(ms, () => end.abort())
  return end.signal
}

async function* none(): AsyncGenerator<string> {}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The promise, unless the signal aborts first. */
function alive<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(new Fault('unavailable', 'the connection broke'))
    if (signal.aborted) return end()
    signal.addEventListener('abort', end, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', end))
  })
}

async function* linesOf(chunks: AsyncIterable<string | Uint8Array>, signal: AbortSignal): AsyncGenerator<string> {
  const iterator = chunks[Symbol.asyncIterator]()
  let rest = ''
  for (;;) {
    const next = await alive(signal, iterator.next())
    if (next.done === true) return
    rest += typeof next.value === 'string' ? next.value : new TextDecoder().decode(next.value)
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}
