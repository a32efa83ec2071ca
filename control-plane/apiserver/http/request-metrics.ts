import type { IncomingMessage } from 'node:http'
import type { Metrics } from '../../../shared/kit/metrics.ts'
import { anonymousUser } from '../authn/authn.ts'
import { requestAttributes, type RequestLine } from '../authz/attributes.ts'

/** Counts requests under the names that Kubernetes uses for them. */
export interface RequestMetrics {
  observe(observed: Observed): void
}

export interface Observed {
  readonly incoming: IncomingMessage
  /** As it was read; absent when it could not be. */
  readonly request: RequestLine | undefined
  readonly code: number
  readonly seconds: number
}

const LABELS = ['verb', 'group', 'version', 'resource', 'subresource'] as const
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export function requestMetrics(metrics: Metrics): RequestMetrics {
  const total = metrics.counter({ name: 'apiserver_request_total', help: 'Requests by what they asked for and how they were answered.', labels: [...LABELS, 'code'] })
  const duration = metrics.histogram({ name: 'apiserver_request_duration_seconds', help: 'From the first byte of a request to the last of its answer; watches left out.', labels: LABELS, buckets: BUCKETS })
  return {
    observe({ incoming, request, code, seconds }) {
      const labels = labelsOf(request ?? unreadLine(incoming), code)
      total.add([...labels, String(code)])
      if (labels[0] !== 'WATCH' && labels[0] !== 'CONNECT') duration.observe(labels, seconds)
    },
  }
}

const CONNECTS = new Set(['exec', 'attach', 'portforward', 'proxy'])

/** What was refused before it was read. */
function unreadLine({ method = 'GET', url = '/' }: IncomingMessage): RequestLine {
  const at = url.indexOf('?')
  return { user: anonymousUser, method, path: at < 0 ? url : url.slice(0, at), query: new URLSearchParams(at < 0 ? '' : url.slice(at + 1)) }
}

/** Requests for what does not exist share one label, so that strangers cannot fill the memory with names. */
function labelsOf(line: RequestLine, code: number): readonly string[] {
  const wanted = requestAttributes(line)
  if (wanted.kind === 'path') return [wanted.verb.toUpperCase(), '', '', '', '']
  if (code === 404 || code === 403 || code === 401 || code === 405) return [wanted.verb.toUpperCase(), '', '', 'other', '']
  const verb = CONNECTS.has(wanted.subresource) ? 'CONNECT' : wanted.verb.toUpperCase()
  return [verb, wanted.group, wanted.version, wanted.resource, wanted.subresource]
}
