import { linesOf, type RestClient } from '../../shared/kit/rest-client.ts'
import type { Door } from './door.ts'

export interface HttpDoorOptions {
  readonly client: RestClient
  /** The life of the server now. */
  readonly server: () => string
  /** The first answer of a life has come. */
  readonly onBegin: () => void
  /** Who does not answer for so long is not waited for: what was asked may happen. */
  readonly answerMs: number
  /** A stream that lasts longer than this is cut: the other side may have vanished without a word. */
  readonly streamMs: number
}

/** The door of a server in another process. */
export function httpDoor({ client, server, onBegin, answerMs, streamMs }: HttpDoorOptions): () => Door {
  let begun = ''
  const answered = (life: string): void => {
    if (begun === life || server() !== life) return
    begun = life
    onBegin()
  }
  return () => {
    const life = server()
    return {
      server: life,
      async request({ method, path, body, type = 'application/json' }) {
        const { status, text } = await client.request({ method, path, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': type } }), signal: AbortSignal.timeout(answerMs) })
        answered(life)
        return { status, body: text.startsWith('{') ? (JSON.parse(text) as unknown) : undefined }
      },
      async stream(path, signal) {
        const { status, chunks } = await client.stream({ path, signal: AbortSignal.any([signal, AbortSignal.timeout(streamMs)]) })
        answered(life)
        return { status, lines: whole(linesOf(chunks as AsyncIterable<Buffer>)) }
      },
    }
  }
}

/** Only lines that came whole: the last one of a cut connection may be half. */
async function* whole(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) {
    if (!line.endsWith('}')) return
    yield line
  }
}
