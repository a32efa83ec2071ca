import { expect, test } from 'vitest'
import { barText, createBar } from './bar.ts'
import { isOf, registryOf } from './docker-config.ts'
import { shortId, sizeText } from './text.ts'

test.each([
  [0, '0B'],
  [999, '999B'],
  [2_020_000, '2.02MB'],
  [5e12, '5.00TB'],
])('%i bytes are %s', (bytes, text) => expect(sizeText(bytes)).toBe(text))

test('an id is cut short', () => expect(shortId(`sha256:${'ab'.repeat(32)}`)).toBe('abababababab'))

test('a bar shows how far it is', () => {
  expect(barText('x', 0.5, { doneBytes: 500, totalBytes: 1000 })).toBe('x [============>           ] 500B/1.00kB')
  expect(barText('x', 1, { doneBytes: 1000, totalBytes: 1000 })).toBe('x [========================] 1.00kB/1.00kB')
})

test('a bar moves on a screen, is gone at its end, and is nothing elsewhere', () => {
  const told: string[] = []
  const terminal = (columns: number | undefined) => ({ out: () => {}, bytes: () => {}, err: (text: string) => void told.push(text), readAll: async () => '', columns })
  const bar = createBar(terminal(40), 'app.tar', 1000)
  for (const done of [0, 1, 2, 500, 1000]) bar.at(done)
  bar[Symbol.dispose]()
  expect(told).toHaveLength(4)
  expect(told.at(-1)).toBe('\r\u001B[2K')
  createBar(terminal(undefined), 'app.tar', 1000).at(1000)
  expect(told).toHaveLength(4)
})

test.each([
  ['nginx', 'docker.io'],
  ['me/app:1', 'docker.io'],
  ['localhost/app', 'localhost'],
  ['registry.example:5000/a/b:1', 'registry.example:5000'],
])('the registry of %s is %s', (image, host) => expect(registryOf(image)).toBe(host))

test('a login is for its own host alone', () => {
  expect(isOf('https://index.docker.io/v1/', 'docker.io')).toBe(true)
  expect(isOf('registry.example/team', 'registry.example')).toBe(true)
  expect(isOf('registry.example.evil', 'registry.example')).toBe(false)
})
