import type { ApiRequest } from '../request.ts'
import { requestAttributes, type Attributes } from './attributes.ts'

/** What runs something in a pod, or connects to it. */
const STREAMS = new Set(['exec', 'attach', 'portforward'])

/**
 * All that a request must be allowed: what its line says, and `create` too where a GET opens a WebSocket into a pod, because it does what a POST does
 * (Kubernetes asks for both since 1.35).
 */
export function wantedBy(request: ApiRequest): readonly Attributes[] {
  const said = requestAttributes(request)
  const opens = request.method === 'GET' && request.headers['upgrade']?.toLowerCase() === 'websocket'
  if (!opens || said.kind !== 'resource' || said.group !== '' || said.resource !== 'pods' || !STREAMS.has(said.subresource)) return [said]
  return [said, { ...said, verb: 'create' }]
}
