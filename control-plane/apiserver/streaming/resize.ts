import type { Resize } from '../../../proto/gen/node/v1/session.ts'

/** Terminals are not larger; what is cannot be meant. */
const MAX_CELLS = 0xffff
const MAX_TEXT = 4096

/** Reads `{"Width":80,"Height":24}` texts that follow one another, however they are cut into chunks; nonsense is passed over. */
export async function* parseResizes(chunks: AsyncIterable<Buffer>): AsyncGenerator<Resize> {
  let text = ''
  for await (const chunk of chunks) {
    text += chunk.toString('utf8')
    for (let end = text.indexOf('}'); end >= 0; end = text.indexOf('}')) {
      const size = parseSize(text.slice(0, end + 1))
      text = text.slice(end + 1)
      if (size) yield size
    }
    if (text.length > MAX_TEXT) text = ''
  }
}

function parseSize(text: string): Resize | undefined {
  try {
    const size = JSON.parse(text) as { readonly Width?: unknown; readonly Height?: unknown } | null
    const { Width: width, Height: height } = size ?? {}
    return isCells(width) && isCells(height) ? { width, height } : undefined
  } catch {
    return undefined
  }
}

const isCells = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_CELLS
