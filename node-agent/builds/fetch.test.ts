import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../shared/kit/clock.ts'
import type { diskSpace } from '../host/disk.ts'
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
  for (const host of ['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '0.0.0.0', '169.254.169.254']) await expect(fetched(`http://${host}:${port}/`, { network: 'default' }), host).rejects.toThrow(/is an address of the node itself or of its link/)
})

test('over IPv6 nothing is fetched where the build has not the network of the node: its own has none', async () => {
  for (const host of ['[::1]', '[::ffff:127.0.0.1]', '[fe80::1]', '[fd00:ec2::254]', '[fc00::1]', '[64:ff9b::a9fe:a9fe]', '[2001:db8::1]']) {
    const error: unknown = await fetched(`http://${host}:1/`, { network: 'default' }).catch((failure: unknown) => failure)
    expect(error, host).toMatchObject({ code: 'permission', message: expect.stringContaining('is an address of IPv6, and the network of a build has none') })
  }
})

test('what takes longer than an hour is given up, however steadily it comes', async () => {
  const hour = Promise.withResolvers<() => void>()
  const clock: Clock = { ...systemClock, after: (delayMs, run) => (delayMs === 3_600_000 ? (hour.resolve(run), () => {}) : systemClock.after(delayMs, run)) }
  const url = await serve((_request, response) => {
    response.writeHead(200).write('a drip')
    void hour.promise.then((pass) => pass())
  })
  await expect(fetched(url, { clock })).rejects.toThrow(`ADD of ${url}: it took longer than 60 minutes`)
})

test('what has no room on the disk is refused before it comes, or as soon as it is seen', async () => {
  const url = await serve(({ url: path }, response) => {
    if (path === '/long') return void response.writeHead(200, { 'content-length': '5000' }).write('a beginning')
    for (let at = 0; at < 18; at++) response.write(Buffer.alloc(1 << 20))
    if (path === '/short') response.end()
  })
  const having = (availableBytes: number) => (): ReturnType<typeof diskSpace> => Promise.resolve({ capacityBytes: 1 << 20, availableBytes })
  await expect(fetched(`${url}/long`, { mostBytes: 4999 })).rejects.toThrow(`ADD of ${url}/long: it is larger than 4999 bytes`)
  await expect(fetched(`${url}/long`, { space: having(57_000) })).rejects.toThrow(`ADD of ${url}/long: the disk of the node has room for 4571 bytes more, and 5000 come`)
  // It does not say how much it is.
  await expect(fetched(`${url}/endless`, { space: having(10) })).rejects.toThrow(/the disk of the node has room for 0 bytes more/)
  expect((await fetched(`${url}/short`, { space: having(1 << 20) })).name).toBe('short')
})
