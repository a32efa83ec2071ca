/** What the documents name is there: files, folders, scripts, other documents. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const ROOMS = ['shared', 'proto', 'control-plane', 'node-agent', 'cli', 'dashboard', 'deploy', 'test', 'docs']
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** Every file and folder of the house. */
const places = [...readdirSync(root), ...ROOMS.flatMap((room) => readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((path) => `${room}/${path}`))]
const documents = places.filter((path) => path.endsWith('.md')).map((path) => ({ path, text: read(path).replace(/```[\s\S]*?```/g, '') }))
const sources = places.filter((path) => /\.(?:ts|proto)$/.test(path) && !path.includes('/gen/')).map((path) => ({ path, text: read(path) }))

/** Documents that name places by their ends, where it is clear which room is meant. */
const OF_THE_HOUSE = new Set(['ARCHITECTURE.md', 'CONTRIBUTING.md'])

function isPath(span: string, document: string): boolean {
  if (!/^[\w.@{},*<>-]+(?:\/[\w.@{},*<>-]+)*\/?$/.test(span)) return false
  if (/\.(?:ts|mjs|json|proto|md)$/.test(span)) return span.includes('/') || OF_THE_HOUSE.has(document)
  return span.includes('/') && (OF_THE_HOUSE.has(document) || ROOMS.includes(span.split('/')[0] ?? ''))
}

/** `*` and `<kind>` stand for any name, `{a,b}` for one of these. */
const ending = (span: string): RegExp => new RegExp(`(?:^|/)${span.replace(/\/$/, '').replace(/\./g, '\\.').replace(/\{([^}]*)\}/g, (_, names: string) => `(?:${names.replaceAll(',', '|')})`).replace(/\*|<\w+>/g, '[^/\\n]*')}$`, 'm')

test('places', () => {
  const named = documents.flatMap(({ path, text }) => [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => ({ path, span }))).filter(({ path, span }) => isPath(span, path))
  expect(named.length).toBeGreaterThan(100)
  const all = places.join('\n')
  expect(named.filter(({ span }) => !ending(span).test(all)).map(({ path, span }) => `${path}: ${span}`)).toEqual([])
})

test('other documents', () => {
  const links = documents.flatMap(({ path, text }) => [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, to = '']) => ({ path, to: join(dirname(path), to) })))
  const mentions = [...documents, ...sources].flatMap(({ path, text }) => [...text.matchAll(/\bdocs\/[\w/-]+\.md/g)].map(([to]) => ({ path, to })))
  expect(mentions.length).toBeGreaterThan(10)
  expect([...links, ...mentions].filter(({ to }) => !existsSync(join(root, to))).map(({ path, to }) => `${path}: ${to}`)).toEqual([])
  const decisions = readdirSync(join(root, 'docs/adr')).map((name) => Number(name.slice(0, 4)))
  expect([...documents, ...sources].flatMap(({ path, text }) => [...text.matchAll(/\bADR (\d+)/g)].filter(([, number]) => !decisions.includes(Number(number))).map(([words]) => `${path}: ${words}`))).toEqual([])
})

test('scripts', () => {
  const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> }
  const named = documents.flatMap(({ path, text }) => [...text.matchAll(/\bnpm (?:run ([\w:]+)|(start|stop|test)\b)/g)].map(([words, script, short]) => ({ path, words, script: script ?? short ?? '' })))
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter(({ script }) => !(script in scripts)).map(({ path, words }) => `${path}: ${words}`)).toEqual([])
})
