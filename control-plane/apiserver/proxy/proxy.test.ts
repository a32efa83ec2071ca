import { describe, expect, test } from 'vitest'
import { escapePath, parseTargetName, prefixOf, targetPath } from './paths.ts'
import { requestHeaders, responseHeaders } from './headers.ts'
import { htmlRewriter } from './rewrite-html.ts'
import { rewriteUrl } from './rewrite-url.ts'

test.each([
  ['web', { scheme: 'http', name: 'web', port: '' }],
  ['web:8080', { scheme: 'http', name: 'web', port: '8080' }],
  ['https:web:8443', { scheme: 'https', name: 'web', port: '8443' }],
  ['http:web:', { scheme: 'http', name: 'web', port: '' }],
  [':web:http', { scheme: undefined, name: undefined, port: undefined }],
  ['ftp:web:21', undefined],
  ['https::1', undefined],
  ['a:b:c:d', undefined],
])('the target that %s names', (id, named) => {
  const expected = id === ':web:http' ? { scheme: 'http', name: 'web', port: 'http' } : named
  expect(parseTargetName(id)).toEqual(expected)
})

test.each([
  ['/p/proxy', '', ''],
  ['/p/proxy/', '', '/'],
  ['/p/proxy/a/b', 'a/b', '/a/b'],
  ['/p/proxy/a/b/', 'a/b', '/a/b/'],
  ['/p/proxy/a/../../b', 'a/../../b', '/b'],
  ['/p/proxy//a', '/a', '/a'],
])('the path of %s in the target', (path, rest, expected) => {
  expect(targetPath(path, rest)).toBe(expected)
})

test('a path is escaped as Go escapes it, and the prefix is what stands before it', () => {
  expect(escapePath('/ä b/(x)?#%;=@')).toBe('/%C3%A4%20b/%28x%29%3F%23%25;=@')
  expect(prefixOf('/api/v1/nodes/n/proxy/a/b', '/a/b')).toBe('/api/v1/nodes/n/proxy')
  expect(prefixOf('/api/v1/nodes/n/proxy', '')).toBe('/api/v1/nodes/n/proxy')
})

const links = { prefix: '/api/v1/namespaces/x/pods/p/proxy', targetHost: '10.244.0.5:8080', requestHost: 'gantry:6443' }

describe('links', () => {
  test.each([
    ['/a', '/api/v1/namespaces/x/pods/p/proxy/a'],
    ['/a/?q=1#f', '/api/v1/namespaces/x/pods/p/proxy/a/?q=1#f'],
    ['http://10.244.0.5:8080/a', '/api/v1/namespaces/x/pods/p/proxy/a'],
    ['https://gantry:6443/a', '/api/v1/namespaces/x/pods/p/proxy/a'],
    ['http://elsewhere.example/a', 'http://elsewhere.example/a'],
    ['relative/a', 'relative/a'],
    ['#f', '#f'],
    ['?q', '?q'],
    ['mailto:a@b', 'mailto:a@b'],
    ['/api/v1/namespaces/x/pods/p/proxy/a', '/api/v1/namespaces/x/pods/p/proxy/a'],
    ['/a/./../b', '/api/v1/namespaces/x/pods/p/proxy/b'],
    ['//elsewhere.example/a', '//elsewhere.example/a'],
  ])('%s', (url, expected) => expect(rewriteUrl(url, links)).toBe(expected))
})

describe('HTML', () => {
  const rewrite = (html: string, pieceLength = html.length || 1): string => {
    const rewriter = htmlRewriter((url) => rewriteUrl(url, links))
    let out = ''
    for (let at = 0; at < html.length; at += pieceLength) out += rewriter.push(html.slice(at, at + pieceLength))
    return out + rewriter.end()
  }
  const page = `<!DOCTYPE html><HTML><Head><TITLE>a < "b" <a href="/no">&amp;</TITLE></HEAD>
<!-- <a href="/no"> --><body background=/bg.png><a  HREF='/x?a=1&amp;b=2' CLASS="c&quot;">x</a><br/><img src="/i.png" alt=a/>
<script src="/s.js">if (a < b) document.write('<a href="/no">')</script>1 < 2 <a href="http://elsewhere.example/">e</a></body></HTML>`
  const bent = `<!DOCTYPE html><html><head><title>a < "b" <a href="/no">&amp;</TITLE></HEAD>
<!-- <a href="/no"> --><body background="${links.prefix}/bg.png"><a href="${links.prefix}/x?a=1&amp;b=2" class="c&#34;">x</a><br/><img src="${links.prefix}/i.png" alt="a/">
<script src="${links.prefix}/s.js">if (a < b) document.write('<a href="/no">')</script>1 < 2 <a href="http://elsewhere.example/">e</a></body></HTML>`

  test('start tags are printed anew with their links bent, all else stays', () => expect(rewrite(page)).toBe(bent))
  test('however it is cut', () => {
    for (const length of [1, 2, 3, 7, 64]) expect(rewrite(page, length)).toBe(bent)
  })
  test('what ends in the middle of a tag comes out as it is', () => expect(rewrite('a <a href="/x')).toBe('a <a href="/x'))
  test('a tag without end does not wait in memory for ever', () => {
    const rewriter = htmlRewriter((url) => url)
    let out = 0
    for (let piece = 0; piece < 40; piece++) out += rewriter.push(`<a ${'x'.repeat(32 * 1024)}`).length
    expect(out).toBeGreaterThan(256 * 1024)
  })
})

test('what is of one connection, and who the client is, does not pass', () => {
  const raw = ['Host', 'h', 'Connection', 'X-Own, close', 'X-Own', '1', 'Authorization', 'Bearer secret', 'Impersonate-User', 'x', 'Accept', 'a', 'Accept', 'b', 'X-Forwarded-For', '1.2.3.4', 'Transfer-Encoding', 'chunked']
  expect(requestHeaders(raw, { remoteAddress: '::ffff:10.0.0.1', uri: '/u' })).toEqual(['Host', 'h', 'Accept', 'a', 'Accept', 'b', 'X-Forwarded-For', '1.2.3.4, 10.0.0.1', 'X-Forwarded-Uri', '/u'])
  expect(responseHeaders(['Set-Cookie', 'a', 'Set-Cookie', 'b', 'Access-Control-Allow-Origin', '*', 'Keep-Alive', 'x'])).toEqual([['Set-Cookie', 'a'], ['Set-Cookie', 'b']])
})

test('nor does a token that stands among the protocols of a WebSocket', () => {
  const forwarded = (...values: string[]): readonly string[] => requestHeaders(values.flatMap((value) => ['Sec-WebSocket-Protocol', value]), { remoteAddress: '10.0.0.1', uri: '/u', upgrade: 'websocket' }).slice(0, -8)
  const token = 'base64url.bearer.authorization.k8s.io.c2VjcmV0'
  expect(forwarded(`${token}, chat`)).toEqual(['Sec-WebSocket-Protocol', 'chat'])
  expect(forwarded(`v1.chat,${token}`, 'v2.chat, v3.chat')).toEqual(['Sec-WebSocket-Protocol', 'v1.chat', 'Sec-WebSocket-Protocol', 'v2.chat, v3.chat'])
  expect(forwarded(token)).toEqual([])
})
