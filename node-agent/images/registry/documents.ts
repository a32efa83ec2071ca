import { Fault } from '../../../shared/kit/faults.ts'
import { isJsonObject } from '../../../shared/model/json.ts'
import type { HttpAnswer } from './http.ts'

/** A body that is read whole, and only up to `most` bytes. @throws Fault('corrupt') for a longer one. */
export async function bodyBytes({ body, discard }: Pick<HttpAnswer, 'body' | 'discard'>, most: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of body) {
    length += part.length
    if (length > most) {
      discard()
      throw new Fault('corrupt', `the answer of the registry is longer than ${most} bytes`)
    }
    parts.push(part)
  }
  return Buffer.concat(parts)
}

export const bodyText = async (answer: Pick<HttpAnswer, 'body' | 'discard'>, most: number): Promise<string> => (await bodyBytes(answer, most)).toString('utf8')

const MAX_ERROR_BYTES = 16 << 10

/** What the registry says is wrong (`{"errors": [{"code", "message"}]}`), in one line; empty where it says nothing that can be read. */
export async function errorMessage(answer: HttpAnswer): Promise<string> {
  try {
    const document = JSON.parse(await bodyText(answer, MAX_ERROR_BYTES)) as unknown
    const errors: readonly unknown[] = isJsonObject(document) && Array.isArray(document['errors']) ? document['errors'] : []
    const [first] = errors
    if (!isJsonObject(first)) return ''
    const code = typeof first['code'] === 'string' ? first['code'].toLowerCase() : ''
    const message = typeof first['message'] === 'string' ? first['message'] : ''
    return oneLine(code === '' ? message : message === '' ? code : `${code}: ${message}`)
  } catch {
    return ''
  }
}

const oneLine = (text: string): string => text.replace(/\p{Cc}+/gu, ' ').slice(0, 300)
