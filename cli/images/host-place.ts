import { statusOf } from '../cluster/status-problem.ts'
import { Problem } from '../program/problem.ts'
import { type ImageCall, type ImagePlace, queryText } from './place.ts'

type Door = typeof import('../../deploy/lab/lab.ts')

/** The folder that all labs of this host share: asked without a detour over the control plane. */
export function hostPlace(door: Door): ImagePlace {
  const ask = async ({ method, path, query, upload, body: given }: ImageCall): Promise<string | AsyncIterable<Uint8Array>> => {
    const { status, body } = await door.askImages({ method, path, query: new URLSearchParams(queryText(query)), body: upload?.chunks() ?? bytesOf(given) })
    if (status >= 400 && typeof body === 'string') throw new Problem(statusOf(status, body).message ?? 'the image store refused')
    return body
  }
  return {
    title: 'this host',
    nodes: [],
    importPath: async (path) => ({ images: await door.importImages(path) }),
    async json<T>(call: ImageCall) {
      const body = await ask(call)
      return JSON.parse(typeof body === 'string' ? body : await textOf(body)) as T
    },
    async stream(call) {
      const body = await ask(call)
      return typeof body === 'string' ? one(Buffer.from(body)) : body
    },
  }
}

async function* bytesOf(value: unknown): AsyncGenerator<Uint8Array> {
  if (value !== undefined) yield Buffer.from(JSON.stringify(value))
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts).toString()
}
