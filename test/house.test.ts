/** The walls of the house (ARCHITECTURE.md), checked: who may import whom, what stays pure, how long a file may be. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const root = join(import.meta.dirname, '..')
const ROOMS = ['shared', 'proto', 'control-plane', 'node-agent', 'cli', 'dashboard', 'deploy', 'test']

function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(folder, name)
    if (name === 'gen' || name === 'node_modules') return []
    return statSync(join(root, path)).isDirectory() ? filesBelow(path) : path.endsWith('.ts') ? [path] : []
  })
}

interface Source {
  readonly path: string
  readonly text: string
  /** Paths within the house. */
  readonly imports: readonly string[]
  /** Of those, what is there when the program runs (not for its types alone). */
  readonly valueImports: readonly string[]
  /** Names of packages and node modules. */
  readonly packages: readonly string[]
}

const IMPORT = /(?:^|\n)\s*(?:import|export)\b[^'"\n;]*?(?:\bfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

function read(path: string): Source {
  const text = readFileSync(join(root, path), 'utf8')
  // Imports may span lines: brought onto one first.
  const flat = text.replace(/\{[^{}]*\}(?=\s*from\s)/g, '{}')
  const namesIn = (part: string): readonly string[] => [...part.matchAll(IMPORT)].map((match) => match[1] ?? match[2] ?? '')
  const within = (names: readonly string[]): readonly string[] => names.filter((name) => name.startsWith('.')).map((name) => relative(root, resolve(root, dirname(path), name)))
  const named = namesIn(flat)
  return {
    path,
    text,
    imports: within(named),
    valueImports: within(namesIn(flat.replace(/(?:^|\n)\s*(?:import|export) type\b[^\n]*/g, ''))),
    packages: named.filter((name) => !name.startsWith('.')),
  }
}

const sources = ROOMS.flatMap(filesBelow).map(read)
const isTest = ({ path }: Source): boolean => /\.(test|prop\.test)\.ts$/.test(path) || path.startsWith('test/') || /(^|\/)(contract|testing)\.ts$/.test(path)
const shipped = sources.filter((source) => !isTest(source))
const inside = (folder: string) => (path: string): boolean => path.startsWith(`${folder}/`)

/** `from → to` for each import that breaks a rule. */
const breaches = (from: (path: string) => boolean, isForbidden: (to: string, from: string) => boolean): readonly string[] =>
  shipped.filter(({ path }) => from(path)).flatMap(({ path, imports }) => imports.filter((to) => isForbidden(to, path)).map((to) => `${path} → ${to}`))

describe('walls between rooms', () => {
  test('control plane and node agent meet only in proto/ and shared/', () => {
    expect([...breaches(inside('control-plane'), inside('node-agent')), ...breaches(inside('node-agent'), inside('control-plane'))]).toEqual([])
  })
  test('shared/ and proto/ look at nobody above them', () => {
    expect(breaches((path) => inside('shared')(path) || inside('proto')(path), (to) => !inside('shared')(to) && !inside('proto')(to))).toEqual([])
    expect(breaches(inside('shared/model'), (to) => !inside('shared/model')(to))).toEqual([])
  })
  test('dashboard/ imports only shared/model and shared/kit', () => {
    expect(breaches(inside('dashboard'), (to) => !inside('dashboard')(to) && !inside('shared/model')(to) && !inside('shared/kit')(to))).toEqual([])
  })
  test("the CLI knows shared/, the dashboard's page and the lab's door only", () => {
    expect(breaches(inside('cli'), (to) => !inside('cli')(to) && !inside('shared')(to) && to !== 'deploy/lab/lab.ts' && to !== 'dashboard/page.ts' && !inside('deploy/images')(to))).toEqual([])
  })
  test('a controller never imports a controller', () => {
    const SHARED = new Set(['events', 'pod-control', 'ownership', 'replicas'])
    const controllerOf = (path: string): string | undefined => /^control-plane\/controllers\/([^/]+)\//.exec(path)?.[1]
    expect(
      breaches(inside('control-plane/controllers'), (to, from) => {
        const [mine, theirs] = [controllerOf(from), controllerOf(to)]
        return mine !== undefined && theirs !== undefined && mine !== theirs && !SHARED.has(theirs)
      }),
    ).toEqual([])
  })
  test('a scheduler plugin never imports a plugin', () => {
    expect(breaches(inside('control-plane/scheduler/core/plugins'), inside('control-plane/scheduler/core/plugins'))).toEqual([])
  })
})

describe('one door per library', () => {
  const DOORS: Readonly<Record<string, readonly string[]>> = {
    express: ['control-plane/apiserver/http/'],
    '@grpc/grpc-js': ['proto/rpc.ts'],
    pino: ['shared/kit/log.ts'],
    'prom-client': ['shared/kit/metrics.ts'],
    re2js: ['shared/kit/re2.ts'],
    // The control plane starts programs for one thing: Linux takes an address on a device from `ip` alone (netlink is not for Node), and the neighbours hear of it from `arping`.
    'node:child_process': ['node-agent/host/', 'deploy/', 'control-plane/virtual-ip/ip.ts'],
    // One thing is asked for that nobody else gives: that freed memory goes back to the machine.
    'node:ffi': ['node-agent/host/', 'shared/kit/native-memory.ts'],
  }
  test.each(Object.entries(DOORS))('%s', (name, doors) => {
    expect(shipped.filter(({ path, packages }) => packages.includes(name) && !doors.some((door) => path.startsWith(door))).map(({ path }) => path)).toEqual([])
  })
})

describe('pure files', () => {
  const isPure = (path: string): boolean =>
    inside('shared/model')(path) || inside('control-plane/registry')(path) || inside('control-plane/scheduler/core')(path) || /^control-plane\/controllers\/[^/]+\/plan\.ts$/.test(path) || path === 'node-agent/pods/plan.ts' || path === 'node-agent/runtime/oci-spec.ts'
  const pure = shipped.filter(({ path }) => isPure(path))

  test('know neither time, chance nor the host', () => {
    const banned = /\bDate\b\.|new Date\b|Math\.random|\bprocess\.|setTimeout|\bfetch\(/
    expect(pure.filter(({ text }) => banned.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|'[^'\n]*'/gm, ''))).map(({ path }) => path)).toEqual([])
    expect(pure.filter(({ packages }) => packages.some((name) => name.startsWith('node:'))).map(({ path }) => path)).toEqual([])
  })
  test('answer "no" with a value: nothing is thrown', () => {
    expect(pure.filter(({ path, text }) => path !== 'shared/model/assert.ts' && /\bthrow\s/.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$|'[^'\n]*'|`[^`]*`/gm, ''))).map(({ path }) => path)).toEqual([])
  })
})

/** Files over the cap, with the reason. This list may only shrink. */
const LONG: Readonly<Record<string, string>> = {}
const CAP = 400

test(`no file is longer than ${CAP} lines`, () => {
  expect(shipped.filter(({ path, text }) => text.split('\n').length > CAP + 1 && !(path in LONG)).map(({ path }) => path)).toEqual([])
})

/** Without comments: what is only told of is not used. */
const codeOf = ({ text }: Source): string => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')

test('what is exported has a user', () => {
  const codes = sources.map((source) => ({ path: source.path, isShipped: !isTest(source), code: codeOf(source) }))
  const uses = new Map<string, number>()
  for (const { code } of codes) for (const [name] of code.matchAll(/\b[A-Za-z_]\w*/g)) uses.set(name, (uses.get(name) ?? 0) + 1)
  const exported = codes.filter(({ isShipped }) => isShipped).flatMap(({ path, code }) => [...code.matchAll(/^export (?:async )?(?:function\*?|const|let|class|interface|type) (\w+)/gm)].map(([, name = '']) => ({ path, name })))
  expect(exported.filter(({ name }) => uses.get(name) === 1).map(({ path, name }) => `${path}: ${name}`)).toEqual([])
})

test('imports have no cycles', () => {
  const graph = new Map(shipped.map(({ path, valueImports }) => [path, valueImports]))
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (done.has(path)) return
    const at = trail.indexOf(path)
    if (at >= 0) return void cycles.push([...trail.slice(at), path].join(' → '))
    for (const to of graph.get(path) ?? []) visit(to, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) visit(path, [])
  expect(cycles).toEqual([])
})
