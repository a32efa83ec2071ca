import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Command } from '../program/command.ts'
import { entries } from '../program/commands.ts'
import { flagsOf } from '../program/parse.ts'
import { run } from '../program/run.ts'
import type { Terminal } from '../program/terminal.ts'
import { familiar } from './found.ts'
import { unbroken } from './line.ts'
import { SCRIPTS } from './scripts.ts'
import { ARGUMENTS, VALUES } from './wanted.ts'

const resource = (plural: string, kind: string, shortName: string): object => ({ resource: plural, responseKind: { group: '', version: 'v1', kind }, scope: plural === 'pods' ? 'Namespaced' : 'Cluster', singularResource: kind.toLowerCase(), verbs: ['get', 'list'], shortNames: [shortName] })
const DISCOVERY = { kind: 'APIGroupDiscoveryList', apiVersion: 'apidiscovery.k8s.io/v2', items: [{ metadata: {}, versions: [{ version: 'v1', resources: [resource('pods', 'Pod', 'po'), resource('namespaces', 'Namespace', 'ns'), resource('nodes', 'Node', 'no')] }] }] }
const named = (...names: readonly string[]): object => ({ items: names.map((name) => ({ metadata: { name } })) })
const ANSWERS: Readonly<Record<string, object>> = {
  '/api': DISCOVERY,
  '/apis': { ...DISCOVERY, items: [] },
  '/api/v1/namespaces/default/pods': named('web-0', 'web-1', 'db', 'two\nlines'),
  '/api/v1/namespaces/shop/pods': named('till'),
  '/api/v1/namespaces/default/pods/web-0': { spec: { containers: [{ name: 'app', env: [{ name: 'PASSWORD', value: 'hidden' }] }], initContainers: [{ name: 'setup' }] } },
  '/api/v1/namespaces': named('default', 'shop'),
  '/api/v1/nodes': named('n1', 'n2'),
}

let server: Server
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-complete-'))
  server = createServer((request, response) => {
    const answer = ANSWERS[(request.url ?? '').split('?')[0] ?? '']
    response.writeHead(answer ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? { kind: 'Status', code: 404 }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const config = { apiVersion: 'v1', kind: 'Config', 'current-context': 'here', contexts: [{ name: 'here', context: { cluster: 'this', user: 'me' } }, { name: 'there', context: { cluster: 'this', user: 'me' } }], clusters: [{ name: 'this', cluster: { server: `http://127.0.0.1:${port}` } }], users: [{ name: 'me', user: { token: 'hidden-token' } }] }
  await writeFile(join(folder, 'config'), JSON.stringify(config))
})

afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(folder, { recursive: true, force: true })
})

/** What is offered for the last of the words, however slow the machine is. */
async function offered(...words: readonly string[]): Promise<readonly string[]> {
  const [shell, typed] = words[0] === 'bash' ? [['bash'], words.slice(1)] : [[], words]
  let [out, err] = ['', '']
  const terminal: Terminal = { out: (part) => void (out += part), err: (part) => void (err += part), bytes: () => {}, readAll: () => Promise.resolve(''), columns: undefined }
  const code = await run(['__complete', ...shell, '--request-timeout=60s', ...typed], { terminal, env: { HOME: folder, KUBECONFIG: join(folder, 'config') }, signal: new AbortController().signal })
  expect([code, err]).toEqual([0, ''])
  return out.split('\n').slice(0, -1)
}

describe('flags', () => {
  test('words that look like flags are completed, not obeyed', async () => {
    expect(await offered('get', '--a')).toEqual(['--all-namespaces', '--as', '--as-group'])
    expect(await offered('get', '--help')).toEqual(['--help'])
    expect(await offered('get', '--nonsense', '--out')).toEqual(['--output', '--output-watch-events'])
    expect(await offered('--kubec')).toEqual(['--kubeconfig'])
  })
  test('are those of the subcommand at hand', async () => {
    expect(await offered('lab', 'up', '--')).toEqual(expect.arrayContaining(['--name', '--nodes', '--control-planes', '--no-kubeconfig', '--kubeconfig']))
    expect(await offered('lab', 'up', '--')).not.toContain('--rate')
    expect(await offered('lab', 'slow', 'n1', '--ra')).toEqual(['--rate'])
    expect(await offered('-n', 'shop', 'rollout', 'undo', '--to')).toEqual(['--to-revision', '--token'])
  })
  test('of a command without arguments are offered unasked, its own alone', async () => {
    expect(await offered('lab', 'heal', '')).toEqual(['--name'])
  })
  test('that are given are offered again only where they may be repeated', async () => {
    expect(await offered('get', '--output', 'json', '-f', 'x', '--outp')).toEqual(['--output-watch-events'])
    expect(await offered('get', '-f', 'x', '--filen')).toEqual(['--filename'])
  })
  test('have values', async () => {
    expect(await offered('get', 'pods', '-o', 'j')).toEqual(['json', 'jsonpath='])
    expect(await offered('get', 'pods', '--output=y')).toEqual(['--output=yaml'])
    expect(await offered('get', '-n', '')).toEqual(['default', 'shop'])
    expect(await offered('get', '--namespace=s')).toEqual(['--namespace=shop'])
    expect(await offered('delete', '--cascade=f')).toEqual(['--cascade=foreground'])
    expect(await offered('get', '--context', 't')).toEqual(['there'])
  })
  test('that hold a secret have none', async () => {
    expect(await offered('get', '--token', '')).toEqual([])
    expect(await offered('get', '--token=')).toEqual([])
    expect(await offered('create', 'secret', 'generic', 'x', '--from-literal', '')).toEqual([])
  })
})

describe('arguments', () => {
  test('commands and subcommands', async () => {
    expect(await offered('roll')).toEqual(['rollout'])
    expect(await offered('rollout', 're')).toEqual(['restart', 'resume'])
    expect(await offered('help', 'rollout', 'un')).toEqual(['undo'])
    expect(await offered('nonsense', '')).toEqual([])
    expect(await offered('completion', '')).toEqual(['bash', 'zsh', 'fish'])
  })
  test('types, and names of objects', async () => {
    expect(await offered('get', 'po')).toEqual(['pods', 'po'])
    expect(await offered('get', 'pods,n')).toEqual(['pods,namespaces', 'pods,ns', 'pods,nodes', 'pods,no'])
    expect(await offered('get', 'pod', 'web-')).toEqual(['web-0', 'web-1'])
    expect(await offered('get', 'pod', 'web-0', '')).toEqual(['web-1', 'db'])
    expect(await offered('get', 'pod/w')).toEqual(['pod/web-0', 'pod/web-1'])
    expect(await offered('get', 'pod', '-n', 'shop', '')).toEqual(['till'])
    expect(await offered('drain', '')).toEqual(['n1', 'n2'])
    expect(await offered('cp', 'd')).toEqual(['db:', ':files'])
    expect(await offered('config', 'use-context', '')).toEqual(['here', 'there'])
  })
  test('containers of the pod, and nothing of what they are given', async () => {
    expect(await offered('logs', 'web-0', '-c', '')).toEqual(['app', 'setup'])
    expect(await offered('exec', '-it', 'pod/web-0', '--container=')).toEqual(['--container=app', '--container=setup'])
    expect(await offered('logs', 'web-0', 's')).toEqual(['setup'])
  })
  test('files where files are read, and nothing behind "--"', async () => {
    expect(await offered('apply', '-f', 'x')).toEqual([':files'])
    expect(await offered('apply', '--filename=')).toEqual([':files'])
    expect(await offered('image', 'import', '')).toEqual([':files'])
    expect(await offered('exec', 'web-0', '--', 'ls', '--a')).toEqual([])
  })
  test('a cluster that is not there disturbs nobody', async () => {
    expect(await offered('get', '--request-timeout=100ms', '--server', 'http://127.0.0.1:1', '--cache-dir', join(folder, 'none'), 'pods', '')).toEqual([])
  })
})

test('images have the names that people type', () => {
  expect(['docker.io/library/busybox:1', 'docker.io/team/app', 'quay.io/team/app', 'localhost/a'].map(familiar)).toEqual(['busybox:1', 'team/app', 'quay.io/team/app', 'localhost/a'])
})

test('every line of the tables is about a command and a flag that there are', async () => {
  const [paths, flags] = [new Set<string>(), new Set<string>()]
  const walk = (command: Command, path: string): void => {
    paths.add(path)
    for (const { name } of flagsOf(command)) flags.add(name).add(`${path} ${name}`)
    for (const below of command.subcommands ?? []) walk(below, `${path} ${below.name}`)
  }
  for (const entry of entries()) walk(await entry.load(), entry.name)
  expect(Object.keys(ARGUMENTS).filter((path) => !paths.has(path))).toEqual([])
  expect(Object.keys(VALUES).filter((flag) => !flags.has(flag))).toEqual([])
})

describe('bash', () => {
  test('words that it broke are made whole', () => {
    expect(unbroken(['get', '--output', '=', 'j'])).toEqual({ words: ['get', '--output=j'], before: '--output=' })
    expect(unbroken(['get', '--output', '='])).toEqual({ words: ['get', '--output='], before: '--output=' })
    expect(unbroken(['label', 'app', '=', ''])).toEqual({ words: ['label', 'app=', ''], before: '' })
    expect(unbroken(['image', 'rm', 'host', ':', '5000/a', ':', '1'])).toEqual({ words: ['image', 'rm', 'host:5000/a:1'], before: 'host:5000/a:' })
    expect(unbroken(['get', '--output=j'])).toEqual({ words: ['get', '--output=j'], before: '' })
  })
  test('gets what it puts behind the break', async () => {
    expect(await offered('bash', 'get', 'pods', '--output', '=', 'j')).toEqual(['json', 'jsonpath='])
    expect(await offered('bash', 'get', 'pods', '--output', '=')).toContain('json')
  })

  /** The script in a bash of its own, in which `gantry` answers as given. */
  const completedBy = async (answer: string, ...words: readonly string[]): Promise<readonly string[]> => {
    await writeFile(join(folder, 'answer'), answer)
    const said = `source <(printf %s "$SCRIPT"); gantry() { printf '%s|' "$@" > asked; cat answer; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gantry; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', said, 'bash', 'gantry', ...words], { cwd: folder, env: { PATH: process.env['PATH'], SCRIPT: SCRIPTS['bash'] } })
    return stdout.split('\n').slice(0, -1)
  }
  test('the script offers what is answered, as words that do nothing', async () => {
    expect(await completedBy('--all\n--as\n', 'get', '--a')).toEqual(['--all', '--as'])
    expect(await completedBy('pods,deploy\n', 'get', 'pods,d')).toEqual(['pods,deploy'])
    expect(await completedBy('$(touch x)\na b\n', 'config', 'use-context', '')).toEqual(['\\$\\(touch\\ x\\)', 'a\\ b'])
  })
  test('the script offers files where they are wanted', async () => {
    await writeFile(join(folder, 'pod one.yaml'), '')
    expect(await completedBy(':files\n', 'apply', '-f', 'pod')).toEqual(['pod one.yaml'])
    expect(await completedBy('pod-1:\n:files\n', 'cp', 'pod')).toEqual(['pod-1:', 'pod one.yaml'])
  })
})
