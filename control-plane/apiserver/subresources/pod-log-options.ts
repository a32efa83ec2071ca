/** `PodLogOptions` of a log request. PURE. */
import { forbidden, invalid as invalidField, notSupported, type FieldError } from '../../../shared/model/field-error.ts'
import { parseTime } from '../../../shared/model/time.ts'
import { boolParameter, intParameter, textParameter } from '../options/parameters.ts'
import { badRequest, invalid } from '../status.ts'

export interface PodLogOptions {
  readonly container: string
  readonly follow: boolean
  readonly previous: boolean
  readonly timestamps: boolean
  readonly tailLines?: number | undefined
  readonly limitBytes?: number | undefined
  readonly sinceSeconds?: number | undefined
  /** ms since the epoch. */
  readonly sinceTimeMs?: number | undefined
  readonly stream: string
}

const STREAMS = ['All', 'Stderr', 'Stdout']

/** Throws a 400 or a 422. */
export function parsePodLogOptions(query: URLSearchParams, podName: string): PodLogOptions {
  const options: PodLogOptions = {
    container: textParameter(query, 'container'),
    follow: boolParameter(query, 'follow') ?? false,
    previous: boolParameter(query, 'previous') ?? false,
    timestamps: boolParameter(query, 'timestamps') ?? false,
    tailLines: intParameter(query, 'tailLines'),
    limitBytes: intParameter(query, 'limitBytes'),
    sinceSeconds: intParameter(query, 'sinceSeconds'),
    sinceTimeMs: timeParameter(query, 'sinceTime'),
    stream: query.get('stream') ?? 'All',
  }
  const errors = problemsOf(options)
  if (errors.length > 0) throw invalid({ group: '', name: 'PodLogOptions' }, podName, errors)
  return options
}

function timeParameter(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  const ms = parseTime(text)
  if (ms === undefined) throw badRequest(`parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`)
  return ms
}

/** The root, as an empty path prints. */
const ROOT = '[]'

function problemsOf({ tailLines, limitBytes, sinceSeconds, sinceTimeMs, stream }: PodLogOptions): readonly FieldError[] {
  const errors: FieldError[] = []
  if (tailLines !== undefined && tailLines < 0) errors.push(invalidField('tailLines', tailLines, 'must be greater than or equal to 0'))
  if (limitBytes !== undefined && limitBytes < 1) errors.push(invalidField('limitBytes', limitBytes, 'must be greater than 0'))
  if (sinceSeconds !== undefined && sinceTimeMs !== undefined) errors.push(forbidden(ROOT, 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  else if (sinceSeconds !== undefined && sinceSeconds < 1) errors.push(invalidField('sinceSeconds', sinceSeconds, 'must be greater than 0'))
  if (!STREAMS.includes(stream)) errors.push(notSupported('stream', stream, STREAMS))
  else if (stream !== 'All' && tailLines !== undefined) errors.push(forbidden(ROOT, '`tailLines` and specific `stream` are mutually exclusive for now'))
  return errors
}
