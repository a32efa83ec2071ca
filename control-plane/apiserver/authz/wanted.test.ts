import { expect, test } from 'vitest'
import type { ApiRequest } from '../request.ts'
import { wantedBy } from './wanted.ts'

const request = (line: string, headers: Readonly<Record<string, string>> = {}): ApiRequest => {
  const [method = '', path = ''] = line.split(' ')
  return { method, path, query: new URLSearchParams(), headers, body: new Uint8Array(0), user: { name: 'u', uid: '', groups: [], extra: {} }, remoteAddress: '', signal: new AbortController().signal }
}

const verbs = (line: string, headers?: Readonly<Record<string, string>>): readonly string[] => wantedBy(request(line, headers)).map(({ verb }) => verb)

test.each(['exec', 'attach', 'portforward'])('a WebSocket into a pod is created, also where it is asked for with a GET: %s', (subresource) => {
  expect(verbs(`GET /api/v1/namespaces/x/pods/p/${subresource}`, { upgrade: 'websocket' })).toEqual(['get', 'create'])
  expect(verbs(`POST /api/v1/namespaces/x/pods/p/${subresource}`, { upgrade: 'SPDY/3.1' })).toEqual(['create'])
})

test('nothing else is asked twice', () => {
  expect(verbs('GET /api/v1/namespaces/x/pods/p/log')).toEqual(['get'])
  expect(verbs('GET /api/v1/namespaces/x/pods/p/proxy/ws', { upgrade: 'websocket' })).toEqual(['get'])
  expect(verbs('GET /api/v1/namespaces/x/pods', { upgrade: 'websocket' })).toEqual(['list'])
})
