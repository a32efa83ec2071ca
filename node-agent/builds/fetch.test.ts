import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { fetchForAdd, type FetchOptions, type Fetched } from './fetch.ts'

let folder: string
let count = 0
const servers = new Set<Server>()
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'gantry-add-'))))
afterEach(() => {
  for (const server of servers) server.close()
  servers.clear()
})
afterAll(() => rm(folder, { recursive: true }))

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  servers.add(server)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

const fetched = (url: string, options: Partial<FetchOptions> = {}): Promise<Fetched> => fetchForAdd(url, { clock: systemClock, folder: join(folder, String(count++)), network: 'host', checksum: undefined, signal: new AbortController().signal, ...options })

const TEXT = 'what was fetched'
const SUM = `sha256:${createHash('sha256').update(TEXT).digest('hex')}`

test('a file as the server says: its bytes, its name, its time, for its owner alone', async () => {
  const url = await serve(({ url: path }, response) => {
    if (path === '/old') return void response.writeHead(302, { location: '/new/a%20b.txt?x=1' }).end()
    if (path === '/named') response.setHeader('content-disposition', 'attachment; filename="../../etc/passwd"')
    response.writeHead(200, { 'last-modified': 'Tue, 15 Nov 1994 12:45:26 GMT' }).end(TEXT)
  })
  const { path, name } = await fetched(`${url}/old`, { checksum: SUM })
  expect([await readFile(path, 'utf8'), name]).toEqual([TEXT, 'a b.txt'])
  const { mode, mtimeMs } = await stat(path)
  expect([mode & 0o7777, mtimeMs]).toEqual([0o600, Date.UTC(1994, 10, 15, 12, 45, 26)])
  expect((await fetched(`${url}/named`)).name).toBe('passwd')
  expect((await fetched(`${url}/`)).name).toBe('')
  expect((await fetched(`${url}/x/%2e%2e`)).name).toBe('')
})

test('what is refused: other bytes, other addresses, too much, no network, no end of redirects', async () => {
  const url = await serve(({ url: path }, response) => {
    if (path === '/round') return void response.writeHead(301, { location: '/round' }).end()
    if (path === '/file') return void response.writeHead(301, { location: 'file:///etc/passwd' }).end()
    if (path === '/none') return void response.writeHead(404).end()
    if (path === '/broken') return void response.writeHead(500).end()
    response.end(TEXT)
  })
  const refused = (path: string, options: Partial<FetchOptions> = {}): Promise<string> => fetched(`${url}${path}`, options).then(() => 'fetched', (error: unknown) => (error instanceof Error ? error.message : ''))
  expect(await refused('/', { checksum: `sha256:${'0'.repeat(64)}` })).toBe(`ADD of ${url}/: digest mismatch ${SUM}: sha256:${'0'.repeat(64)}`)
  expect(await refused('/', { checksum: 'md5:1' })).toContain('--checksum=md5:1')
  expect(await refused('/', { mostBytes: 3 })).toBe(`ADD of ${url}/: it is larger than 3 bytes`)
  expect(await refused('/', { network: 'none' })).toBe(`ADD of ${url}/: the build was given no network`)
  expect(await refused('/round')).toBe(`ADD of ${url}/round: stopped after 10 redirects`)
  expect(await refused('/file')).toContain('that is no http:// or https:// address')
  expect([await refused('/none'), await refused('/broken')]).toEqual([`ADD of ${url}/none: invalid response status 404`, `ADD of ${url}/broken: invalid response status 500`])
  expect(await refused('/x', { signal: AbortSignal.abort(new Error('over')) })).toBe('over')
})

test('the node itself is out of reach where the build has not its network, by number and by name', async () => {
  const url = await serve((_request, response) => void response.end(TEXT))
  const port = new URL(url).port
  for (const host of ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '169.254.169.254', '[fe80::1]']) await expect(fetched(`http://${host}:${port}/`, { network: 'default' }), host).rejects.toThrow(/is an address of the node itself or of its link/)
})
