/** The recordings of a real Kubernetes, for table tests beside the code. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Json } from '../../shared/model/json.ts'

export interface RecordedAnswer {
  readonly status: number
  readonly type?: string
  readonly body?: Json
  /** The header: `299 - "…", 299 - "…"`. */
  readonly warnings?: string
}

export interface RecordedStep {
  /** `METHOD path`. */
  readonly do?: string
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Json
  readonly raw?: string
  readonly answer?: RecordedAnswer
}

export interface RecordedCase {
  readonly case: string
  readonly area: string
  readonly steps: readonly RecordedStep[]
}

const folder = join(import.meta.dirname, 'recorded')

/** Every case, or those of the files whose names begin so. */
export function recordedCases(prefix = ''): readonly RecordedCase[] {
  const files = readdirSync(folder).filter((file) => file.startsWith(prefix) && file.endsWith('.json'))
  return files.flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as readonly RecordedCase[])
}

const masks: ReadonlyArray<readonly [RegExp, string]> = [
  [/^<time>$/, '2024-01-01T00:00:00Z'],
  [/^<microtime>$/, '2024-01-01T00:00:00.000000Z'],
]

/** A recorded value with its masked times and ports made readable. */
export function unmasked(value: Json): Json {
  const port = typeof value === 'string' ? /^<port-(\d+)>$/.exec(value) : null
  if (port) return 30_000 + Number(port[1])
  if (typeof value === 'string') return masks.find(([mask]) => mask.test(value))?.[1] ?? value
  if (Array.isArray(value)) return value.map(unmasked)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, unmasked(member)]))
}

/** A JSON text as it is, anything else as nothing. */
export const textIn = (value: Json | undefined): string => (typeof value === 'string' ? value : '')
