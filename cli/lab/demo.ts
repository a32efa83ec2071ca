/** What `npm start` runs: a lab with an example on it, and what to try next. Each stage does only what is not done yet. */
import type { Cluster } from '../cluster/cluster.ts'
import { columnsOf } from '../print/columns.ts'
import type { Call, Command } from '../program/command.ts'
import { toggle } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { clusterOf, printTable, stageOn } from './demo-parts.ts'
import { DEFAULT_LAB, nameFlag, seconds } from './names.ts'
import { createProgress, type Progress } from './progress.ts'

const NODES = 3
const IMAGES = ['docker.io/library/busybox:1.35', 'docker.io/library/busybox:1.36'] as const
const READY_TIMEOUT_MS = 120_000
const NODE_PORT = 30_080

type Door = typeof import('../../deploy/lab/lab.ts')

interface Stage {
  readonly title: string
  readonly tookMs: number
}

export const demo: Command = {
  name: 'demo',
  summary: 'Start a lab of three nodes with an example on it, and say what to try next',
  flags: [nameFlag, toggle('no-kubeconfig', 'Leave the kubeconfig alone')],
  run: runDemo,
}

async function runDemo(call: Call): Promise<void> {
  const name = call.flags.text('name') ?? DEFAULT_LAB
  const door = await import('../../deploy/lab/lab.ts')
  using progress = createProgress(call.terminal)
  const stages: Stage[] = []
  const stage = async <T>(title: string, work: () => Promise<T>): Promise<T> => {
    progress.step(title)
    const startMs = performance.now()
    const result = await work()
    const tookMs = performance.now() - startMs
    stages.push({ title, tookMs })
    progress.done(title, tookMs)
    return result
  }
  const { spec, started } = await stage(`lab of ${NODES} nodes up`, () => door.up({ name, nodes: NODES, kubeconfig: !call.flags.is('no-kubeconfig') }))
  await stage('busybox images imported', () => importMissing(door))
  using cluster = await clusterOf(call, await door.kubeconfig(name))
  await stage('example applied', () => applyExample(call, cluster))
  await stage('six pods ready', () => podsReady(cluster, progress, call.signal))
  const { members } = await door.status(name)
  const address = members.find(({ kind, state }) => kind === 'node' && state === 'running')?.address ?? ''
  const url = `http://${address}:${NODE_PORT}/`
  const answer = await stage('Service answers', () => answered(url))
  progress.end()
  call.terminal.out(`\n${await printTable(cluster, '/api/v1/nodes')}\n${await printTable(cluster, '/api/v1/namespaces/default/pods?labelSelector=app%3Dhello')}\n`)
  call.terminal.out(`${url} says: ${answer.trim()}\n\n${columnsOf(['STAGE', 'TIME'], [...stages.map(({ title, tookMs }) => [title, seconds(tookMs)]), ['in all', seconds(stages.reduce((sum, { tookMs }) => sum + tookMs, 0))]])}`)
  call.terminal.out(`\n${started.length === 0 ? 'Everything of the lab was running.' : `Lab ${spec.name} runs on until "npm stop".`} To try next:\n${await nextCommands(cluster, name)}`)
}

/** Made from the host's own busybox, so that no network is needed. */
async function importMissing(door: Door): Promise<void> {
  const known = new Set((await door.listImages()).flatMap(({ tags }) => tags))
  const missing = IMAGES.filter((image) => !known.has(image))
  if (missing.length === 0) return
  const { mkdtempSync, rmSync } = await import('node:fs')
  const { tmpdir } = await import('node:os')
  const { makeBusyboxImages } = await import('../../deploy/images/make-busybox.ts')
  const folder = mkdtempSync(`${tmpdir()}/gantry-images-`)
  try {
    for (const file of makeBusyboxImages(folder)) await door.importImages(file)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The checkout is one folder above the built program, two above its source. */
async function exampleFile(): Promise<string> {
  const { existsSync } = await import('node:fs')
  const { join } = await import('node:path')
  const tried = ['..', '../..', '../../..'].map((up) => join(import.meta.dirname, up, 'deploy/examples/hello.yaml'))
  const found = tried.find((file) => existsSync(file))
  if (found === undefined) throw new Problem(`the example deploy/examples/hello.yaml is not beside this program (looked for ${tried.join(', ')})`)
  return found
}

async function applyExample(call: Call, cluster: Cluster): Promise<void> {
  const { manifestsIn } = await import('../files/manifests.ts')
  const { readFileSync } = await import('node:fs')
  const { apply, applyManifests } = await import('../apply/apply.ts')
  const { parse } = await import('../program/parse.ts')
  const file = await exampleFile()
  const quiet = { ...call.terminal, columns: undefined, out: () => {}, err: call.terminal.err }
  const inner: Call = { ...call, ...parse(apply, 'apply', ['-f', file]), terminal: quiet, cluster: () => Promise.resolve(cluster) }
  if ((await applyManifests(inner, manifestsIn([{ name: file, text: readFileSync(file, 'utf8') }]))) !== 0) throw new Problem(`${file} could not be applied`)
}

async function podsReady(cluster: Cluster, progress: Progress, signal: AbortSignal): Promise<void> {
  const path = '/api/v1/namespaces/default/pods'
  const stop = AbortSignal.any([signal, AbortSignal.timeout(READY_TIMEOUT_MS)])
  await stageOn(cluster, { path, signal: stop, labelSelector: 'app=hello' }, (pods) => {
    const ready = pods.filter((pod) => pod.isReady).length
    progress.step(`${ready} of 6 pods ready`)
    return ready >= 6
  })
}

const ASK_EVERY_MS = 20

/** The first answer of the Service from outside of the cluster. */
async function answered(url: string): Promise<string> {
  const { get } = await import('node:http')
  const deadline = performance.now() + READY_TIMEOUT_MS
  let last = ''
  while (performance.now() < deadline) {
    const answer = await new Promise<string | undefined>((resolve) => {
      const request = get(url, { agent: false, timeout: 1_000 }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (part: string) => (body += part)).on('end', () => resolve(response.statusCode === 200 ? body : undefined)).on('error', () => resolve(undefined))
      })
      request.on('timeout', () => request.destroy(new Error('no answer within a second')))
      request.on('error', (error) => {
        last = error.message
        resolve(undefined)
      })
    })
    if (answer !== undefined) return answer
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))
  }
  throw new Problem(`the Service does not answer at ${url} (${last}): see "gantry get endpointslices" and "gantry describe service hello"`)
}

async function nextCommands(cluster: Cluster, name: string): Promise<string> {
  const { items } = await cluster.json<{ readonly items: ReadonlyArray<{ readonly metadata: { readonly name: string } }> }>({ path: '/api/v1/namespaces/default/pods', query: { labelSelector: 'app=hello', limit: '1' } })
  const pod = items[0]?.metadata.name ?? 'NAME'
  const lab = name === DEFAULT_LAB ? '' : ` --name ${name}`
  const rows = [
    ['./gantry get pods -o wide -w', 'see where the pods are, and what happens to them'],
    [`./gantry why pod/${pod}`, 'why this pod is on its node'],
    [`./gantry lab kill n2${lab}`, 'take the power from a node, and watch its pods come up elsewhere'],
  ]
  return columnsOf([], rows.map(([command = '', what = '']) => [`  ${command}`, `# ${what}`]))
}
