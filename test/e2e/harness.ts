/** A lab for one test file, and eyes and hands on it: the API, kubectl, a client that calls without pause. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf, nodeName, type LabSpec } from '../../deploy/lab/layout.ts'
import { slowness } from '../../deploy/lab/patience.ts'
import { createImageStore } from '../../node-agent/images/images.ts'
import { makeBusyboxImages } from '../../deploy/images/make-busybox.ts'
import { linesOf, createRestClient, type RestClient } from '../../shared/kit/rest-client.ts'
import { labIdentity } from '../../deploy/lab/identity.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { formatTime } from '../../shared/model/time.ts'

export interface TestLab extends AsyncDisposable {
  readonly name: string
  readonly spec: LabSpec
  readonly kubeconfig: string
  readonly client: RestClient
  /** JSON of an API path. Throws with the Status' message when it is refused. */
  get<T>(path: string): Promise<T>
  send<T>(method: string, path: string, body?: unknown, type?: string): Promise<T>
  /** Resolves with the objects of a list path as soon as they hold what is asked, looked at again at each change; rejects after `timeoutMs` with what they were. */
  until<T>(path: string, holds: (items: readonly T[]) => boolean, timeoutMs?: number): Promise<readonly T[]>
  kubectl(words: readonly string[], options?: RunOptions): Promise<Ran>
}

export interface RunOptions {
  readonly stdin?: string
  readonly program?: string
  /** On an ordinary host: on a slower one it is as many times more (`GANTRY_SLOWNESS`), as is every bound of a wait here. */
  readonly timeoutMs?: number
}

export interface Ran {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export function run(program: string, words: readonly string[], { stdin = '', timeoutMs = 120_000 }: RunOptions = {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: 'pipe', timeout: timeoutMs * slowness, killSignal: 'SIGKILL' })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.once('error', reject)
    child.once('close', (code) => resolve({ exitCode: code ?? 137, stdout, stderr }))
    child.stdin.on('error', () => {})
    child.stdin.end(stdin)
  })
}

/** What kubectl 1.30 to 1.33 say when an answer came before they were ready for it (mended by kubernetes/kubernetes#131203): the output is lost. */
const NOT_READY = 'Unknown stream id'

/** A command in a container whose output kubectl has lost by that fault of its own is done again. */
export async function runKubectl(program: string, words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  for (let tries = 1; ; tries++) {
    const ran = await run(program, words, options)
    if (tries === 5 || !ran.stderr.includes(NOT_READY) || !words.some((word) => word === 'exec' || word === 'cp')) return ran
  }
}

export type LabOptions = Pick<lab.UpOptions, 'nodes' | 'controlPlanes' | 'etcdQuotaBytes' | 'ownImages'>

/** Labs of this file's tests that are up. */
export const openLabs = new Set<TestLab>()

/** A fresh lab with the two busybox images on it; gone, with all its data, when disposed. */
export async function testLab(name: string, { nodes = 3, ...more }: LabOptions = {}): Promise<TestLab> {
  await lab.down(name, { keep: false })
  const folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-'))
  const { spec } = await lab.up({ name, nodes, ...more, kubeconfig: false })
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, await lab.kubeconfig(name), { mode: 0o600 })
  await importImages(spec, folder)
  const identity = await labIdentity(spec)
  const client = createRestClient({ server: layoutOf(spec).server, ca: identity.ca, cert: identity.admin.certificatePem, key: identity.admin.privateKeyPem, userAgent: 'gantry-e2e' })
  const self = labApi(client)
  const opened: TestLab = {
    name,
    spec,
    kubeconfig,
    client,
    ...self,
    kubectl: (words, options = {}) => runKubectl(options.program ?? 'kubectl', ['--kubeconfig', kubeconfig, ...words], options),
    async [Symbol.asyncDispose]() {
      openLabs.delete(opened)
      client[Symbol.dispose]()
      rmSync(folder, { recursive: true, force: true })
      // What was interrupted is finished by the same again.
      await lab.down(name, { keep: false }).catch(() => lab.down(name, { keep: false }))
    },
  }
  openLabs.add(opened)
  return opened
}

async function importImages(spec: LabSpec, folder: string): Promise<void> {
  const store = await createImageStore({ root: layoutOf(spec).images, log: silentLog })
  for (const file of makeBusyboxImages(folder)) await store.importArchive(file)
}

/** Tests of this file that failed. They are tried once more, and must not stumble over what they made the first time. */
export const failed = { tests: 0 }

type LabApi = Pick<TestLab, 'get' | 'send' | 'until'>

function labApi(client: RestClient): LabApi {
  const send = async <T>(method: string, path: string, body?: unknown, type = 'application/json'): Promise<T> => {
    const { status, text } = await client.request({ method, path, ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body), headers: { 'content-type': type } }) })
    const name = nameIn(body)
    if (status === 409 && method === 'POST' && name !== undefined && failed.tests > 0) {
      await removeLeftover(`${path}/${name}`)
      return send(method, path, body, type)
    }
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${text}`)
    return JSON.parse(text) as T
  }
  const removeLeftover = async (path: string): Promise<void> => {
    const over = AbortSignal.timeout(60_000 * slowness)
    while ((await client.request({ method: 'DELETE', path: `${path}?gracePeriodSeconds=0`, signal: over })).status !== 404) await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return {
    get: (path) => send('GET', path),
    send,
    async until<T>(path: string, holds: (items: readonly T[]) => boolean, timeoutMs = 60_000) {
      const signal = AbortSignal.timeout(timeoutMs * slowness)
      let items: readonly T[] = []
      while (!signal.aborted) {
        try {
          const list = await send<{ readonly items: readonly T[]; readonly metadata: { readonly resourceVersion: string } }>('GET', path)
          items = list.items
          if (holds(items)) return items
          // The next change, whatever it is, is reason to look again.
          const { chunks } = await client.stream({ path: `${path}${path.includes('?') ? '&' : '?'}watch=1&timeoutSeconds=2&resourceVersion=${list.metadata.resourceVersion}`, signal })
          for await (const _line of linesOf(chunks as AsyncIterable<Buffer>)) break
        } catch (error) {
          if (signal.aborted) break
          // The API may be away for a moment: that is what some tests are about.
          await new Promise((resolve) => setTimeout(resolve, 100))
          if ((error as Error).message.includes(': 404 ')) throw error
        }
      }
      throw new Error(`not reached in ${(timeoutMs * slowness) / 1000} s: ${path}: ${JSON.stringify(items.map(summary))}`)
    },
  }
}

const nameIn = (body: unknown): string | undefined => (body as Partial<Pod> | undefined)?.metadata?.name

const summary = (item: unknown): unknown => {
  const { metadata, spec, status } = item as Pod
  return { name: metadata.name, node: spec?.nodeName, phase: status?.phase, conditions: status?.conditions?.map((one) => `${one.type}=${one.status}`), containers: status?.containerStatuses?.map((one) => ({ restarts: one.restartCount, state: one.state })) }
}

/** The process of a member, as soon as there is one: never 0, which a signal would take for all processes of this group. */
export async function pidOf({ name }: Pick<TestLab, 'name'>, member: string): Promise<number> {
  const over = AbortSignal.timeout(60_000 * slowness)
  for (;;) {
    const pid = (await lab.status(name)).members.find((one) => one.name === member)?.pid
    if (pid !== undefined && pid > 0) return pid
    if (over.aborted) throw new Error(`${member} of lab ${name} does not run`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export const isRunning = (pod: Pod): boolean => pod.metadata.deletionTimestamp === undefined && pod.status?.phase === 'Running' && (pod.status.containerStatuses ?? []).every((one) => one.ready)

export const readyOf = (node: Node) => node.status?.conditions?.find(({ type }) => type === 'Ready')

/** Heard of, and nothing keeps pods from it. */
export const isWell = (node: Node): boolean => readyOf(node)?.status === 'True' && (node.spec?.taints ?? []).length === 0

/** Calls `http://host:port/` from inside a machine of the lab, `perSecond` times a second, each on a new connection, until stopped. */
export interface Caller {
  /** How many calls have begun. */
  calls(): number
  /** Ends it and tells what came of the calls. */
  stop(): Promise<{ readonly calls: number; readonly failures: readonly string[] }>
}

const CALLER = `
const http = require('node:http')
const [url, perSecond, timeout] = process.argv.slice(1)
let calls = 0, open = 0, ending = false
const failures = []
const end = () => { if (ending && open === 0) { console.log(String.fromCharCode(10) + JSON.stringify({ calls, failures })); process.exit(0) } }
const one = () => {
  calls++; open++; process.stdout.write('.')
  const at = new Date().toISOString()
  const fail = (why) => { if (failures.length < 2000) failures.push(at + ' ' + why) }
  const request = http.get(url, { agent: false, timeout: Number(timeout) }, (answer) => { let text = ''; answer.on('data', (part) => { text += part }); answer.on('end', () => { if (answer.statusCode !== 200 || text === '') fail('status ' + answer.statusCode) }); answer.on('error', (error) => fail(error.message)) })
  request.on('timeout', () => request.destroy(new Error('timeout')))
  request.on('error', (error) => fail(error.message))
  request.on('close', () => { open--; end() })
}
const timer = setInterval(one, 1000 / Number(perSecond))
process.stdin.resume().on('end', () => { clearInterval(timer); ending = true; end() })
`

export function callFrom(of: Pick<TestLab, 'spec'>, { machine, url, perSecond = 50, patienceMs = 2_000 }: { readonly machine: string; readonly url: string; readonly perSecond?: number; readonly patienceMs?: number }): Caller {
  const child: ChildProcess = spawn('nsenter', [`--net=${layoutOf(of.spec).netnsPath(machine)}`, process.execPath, '-e', CALLER, url, String(perSecond), String(patienceMs * slowness)], { stdio: ['pipe', 'pipe', 'inherit'] })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    calls: () => output.length,
    async stop() {
      child.stdin?.end()
      await closed
      return JSON.parse(output.slice(output.indexOf('{'))) as { calls: number; failures: string[] }
    },
  }
}

const ASKER = `require('node:http').get(process.argv[1], { agent: false, timeout: 5000 }, (answer) => answer.resume().on('end', () => process.exit(answer.statusCode === 200 ? 0 : 1))).on('timeout', () => process.exit(1)).on('error', (error) => { console.error(error.message); process.exit(1) })`

/** Resolves when a URL answers from each node of the lab: that a Service has endpoints reaches the nodes a moment after its pods are ready. */
export async function untilAnswers({ spec }: Pick<TestLab, 'spec'>, url: string): Promise<void> {
  const over = AbortSignal.timeout(60_000 * slowness)
  const nodes = Array.from({ length: spec.nodes }, (_, at) => nodeName(at + 1))
  const untilFrom = async (node: string): Promise<void> => {
    for (;;) {
      const { exitCode, stderr } = await run('nsenter', [`--net=${layoutOf(spec).netnsPath(node)}`, process.execPath, '-e', ASKER, url])
      if (exitCode === 0) return
      if (over.aborted) throw new Error(`${url} does not answer from ${node}: ${stderr}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  await Promise.all(nodes.map(untilFrom))
}

/** How long an answer may take that is no failure, where whether there is one is the question and not when. */
export const PATIENCE_MS = 5_000

/** Real kubectls of this machine: the oldest and the newest, or all (`GANTRY_KUBECTLS=all`, as `npm run test:ci` and `test:long` do: minutes more). */
export const kubectls = (): readonly string[] => (process.env['GANTRY_KUBECTLS'] === 'all' ? allKubectls() : allKubectls().filter((_, at, all) => at === 0 || at === all.length - 1))

/** Every one from 1.27 on: those with their version in the name, or the one that is just called so. */
function allKubectls(): readonly string[] {
  const folders = [...new Set([...(process.env['PATH'] ?? '').split(':'), '/usr/lib/google-cloud-sdk/bin', '/usr/local/bin', '/usr/bin'])].filter((folder) => folder !== '' && existsSync(folder))
  const versioned = folders.flatMap((folder) =>
    readdirSync(folder).filter((name) => /^kubectl\.1\.(2[7-9]|[3-9]\d)$/.test(name)).map((name) => join(folder, name)),
  )
  if (versioned.length > 0) return versioned
  return folders.map((folder) => join(folder, 'kubectl')).filter((path) => existsSync(path) && (kubectlMinor(path) ?? 0) >= 27).slice(0, 1)
}

/** 33 of a kubectl 1.33, by its name or its own word. */
export function kubectlMinor(path: string): number | undefined {
  const named = /\.1\.(\d+)$/.exec(path)?.[1]
  const said = named ?? /GitVersion:"?v?1\.(\d+)|Client Version: v1\.(\d+)/.exec(spawnSync(path, ['version', '--client'], { encoding: 'utf8', timeout: 10_000 }).stdout ?? '')?.slice(1).find((one) => one !== undefined)
  return said === undefined ? undefined : Number(said)
}

export const nowText = (): string => formatTime(Date.now())
