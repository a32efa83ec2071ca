import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { hostLogFiles } from './files.ts'
import type { LogQuery } from './port.ts'

let folder: string
let path: string
const logs = hostLogFiles(systemClock)
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-logs-'))
  path = join(folder, '0.log')
})
afterEach(() => rmSync(folder, { recursive: true }))

const line = (text: string, { stream = 'stdout', tag = 'F', second = 0 } = {}): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000001+00:00 ${stream} ${tag} ${text}\n`
const all: LogQuery = { follow: false, timestamps: false, stream: 'All' }
const never = { ended: Promise.resolve(), signal: new AbortController().signal }

async function read(query: Partial<LogQuery>, until = never): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const { bytes } of logs.read(path, { ...all, ...query }, until)) chunks.push(bytes)
  return Buffer.concat(chunks).toString()
}

test('both streams in order; a line in parts is one; a last line without its end stays without', async () => {
  writeFileSync(path, line('out') + line('err', { stream: 'stderr' }) + line('one ', { tag: 'P' }) + line('two') + line('no end', { tag: 'P' }))
  expect(await read({})).toBe('out\nerr\none two\nno end')
  expect(await read({ stream: 'Stderr' })).toBe('err\n')
})

test('times are put once a line, in UTC', async () => {
  writeFileSync(path, line('one ', { tag: 'P' }) + line('two') + line('three'))
  expect(await read({ timestamps: true })).toBe('2026-01-01T00:00:00.000000001Z one two\n2026-01-01T00:00:00.000000001Z three\n')
})

test('tail counts lines, not parts, also over a large log', async () => {
  writeFileSync(path, line('x'.repeat(8000), { tag: 'P' }) + line('y') + line('') + line('end'))
  expect(await read({ tailLines: 1 })).toBe('end\n')
  expect(await read({ tailLines: 2 })).toBe('\nend\n')
  expect(await read({ tailLines: 3 })).toBe(`${'x'.repeat(8000)}y\n\nend\n`)
  expect(await read({ tailLines: 99 })).toBe(`${'x'.repeat(8000)}y\n\nend\n`)
  expect(await read({ tailLines: 0 })).toBe('')
  writeFileSync(path, Array.from({ length: 20_000 }, (_, index) => line(`line ${index}`)).join(''))
  expect((await read({ tailLines: 5000 })).split('\n')[0]).toBe('line 15000')
})

test('tail counts a line of more than 16 KiB as its parts of that size, however it was written', async () => {
  const long = Array.from({ length: 40_000 }, (_, at) => String(at % 10)).join('')
  const written = { whole: line(long), 'in parts of 8 KiB': [0, 8192, 16_384, 24_576].map((at) => line(long.slice(at, at + 8192), { tag: 'P' })).join('') + line(long.slice(32_768)) }
  for (const [how, text] of Object.entries(written)) {
    writeFileSync(path, line('first') + text + line('') + line('end'))
    const last = (lines: number): Promise<string> => read({ tailLines: lines })
    expect([await last(2), await last(3), await last(4), await last(5), await last(6), await last(7)], how).toEqual([
      '\nend\n',
      `${long.slice(32_768)}\n\nend\n`,
      `${long.slice(16_384)}\n\nend\n`,
      `${long}\n\nend\n`,
      `first\n${long}\n\nend\n`,
      `first\n${long}\n\nend\n`,
    ])
    expect(await read({ tailLines: 3, timestamps: true })).toBe(`2026-01-01T00:00:00.000000001Z ${long.slice(32_768)}\n2026-01-01T00:00:00.000000001Z \n2026-01-01T00:00:00.000000001Z end\n`)
  }
  writeFileSync(path, line('first') + line('x'.repeat(16_384)) + line('y'.repeat(20_000), { tag: 'P' }))
  expect([await read({ tailLines: 1 }), await read({ tailLines: 2 }), await read({ tailLines: 3 })]).toEqual(['y'.repeat(20_000 - 16_384), 'y'.repeat(20_000), `${'x'.repeat(16_384)}\n${'y'.repeat(20_000)}`])
})

test('limits of bytes and time', async () => {
  writeFileSync(path, Array.from({ length: 20 }, (_, index) => line(String(index + 1), { second: index })).join(''))
  expect(await read({ limitBytes: 7 })).toBe('1\n2\n3\n4')
  expect(await read({ limitBytes: 10, tailLines: 5 })).toBe('16\n17\n18\n1')
  expect(await read({ sinceMs: Date.parse('2026-01-01T00:00:18Z') })).toBe('19\n20\n')
})

test('what is no log line is left out, a missing file is empty', async () => {
  writeFileSync(path, `nonsense\n${line('good')}`)
  expect(await read({})).toBe('good\n')
  rmSync(path)
  expect(await read({})).toBe('')
})

test('following: woken by each write, over a rotation, to the end of the writer', async () => {
  writeFileSync(path, line('0'))
  let end = (): void => {}
  const ended = new Promise<void>((resolve) => void (end = resolve))
  let seen = ''
  const reading = (async () => {
    for await (const { bytes } of logs.read(path, { ...all, follow: true }, { ended, signal: never.signal })) seen += Buffer.from(bytes).toString()
  })()
  const saw = (text: string): Promise<void> => vi.waitFor(() => expect(seen).toBe(text), { timeout: 60_000, interval: 2 })
  await saw('0\n')
  appendFileSync(path, line('1'))
  await saw('0\n1\n')
  renameSync(path, `${path}.20260101-000000`)
  appendFileSync(`${path}.20260101-000000`, line('2'))
  writeFileSync(path, line('3'))
  await saw('0\n1\n2\n3\n')
  appendFileSync(path, line('4'))
  end()
  await reading
  expect(seen).toBe('0\n1\n2\n3\n4\n')
})

test('following ends when nobody listens', async () => {
  writeFileSync(path, line('0'))
  const gone = new AbortController()
  const answer = read({ follow: true }, { ended: new Promise(() => {}), signal: gone.signal })
  setTimeout(() => gone.abort(new Error('gone')), 20)
  expect(await answer).toBe('0\n')
})

test('rotation keeps so many files, the tail keeps lines and bytes', async () => {
  for (let index = 0; index < 8; index++) {
    writeFileSync(path, line(String(index)).repeat(10))
    expect(await logs.rotate(path, { maxBytes: 100, maxFiles: 3 })).toBe(true)
    renameSync(join(folder, (await import('node:fs')).readdirSync(folder).sort().at(-1) ?? ''), `${path}.2026010${index + 1}-000000`)
  }
  writeFileSync(path, line('new'))
  expect(await logs.rotate(path, { maxBytes: 100_000, maxFiles: 3 })).toBe(false)
  expect(readFileSync(path, 'utf8')).toBe(line('new'))
  writeFileSync(path, Array.from({ length: 100 }, (_, index) => line(String(index + 1))).join(''))
  expect(await logs.tail(path, { lines: 80, bytes: 2048 })).toBe(`${Array.from({ length: 80 }, (_, index) => index + 21).join('\n')}\n`)
  expect(await logs.tail(path, { lines: 80, bytes: 4 })).toBe('100\n')
})
