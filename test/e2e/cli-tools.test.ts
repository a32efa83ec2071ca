/** The `gantry` command's tools for looking and carrying: diff, auth, cp, debug, top, explain, rollouts of sets; and streams that end with the leader say so. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf } from '../../deploy/lab/layout.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { isRunning, kubectls, run, type Ran, type RunOptions, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

const GANTRY = join(import.meta.dirname, '../../gantry')
const BUSYBOX = 'docker.io/library/busybox:1.35'

let cluster: TestLab
let folder: string
labOfTests({
  name: 'e2e-cli-tools',
  nodes: 1,
  controlPlanes: 3,
  async prepare(lab) {
    cluster = lab
    folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-tools-'))
    writeFileSync(join(folder, 'pod.yaml'), manifest('1.35'))
    await ok('apply', '-f', join(folder, 'pod.yaml'))
    await cluster.until<Pod>('/api/v1/namespaces/default/pods', (pods) => pods.length === 1 && pods.every(isRunning))
  },
  over: () => rmSync(folder, { recursive: true, force: true }),
})

const manifest = (version: string): string => `apiVersion: v1
kind: Pod
metadata: { name: p }
spec:
  terminationGracePeriodSeconds: 0
  containers: [{ name: c, image: docker.io/library/busybox:${version}, command: [sh, -c, 'echo up; exec sleep 10000'] }]
---
apiVersion: v1
kind: Secret
metadata: { name: s }
stringData: { password: 'very-${version}' }
`

const gantry = (words: readonly string[], options: RunOptions = {}): Promise<Ran> => run(GANTRY, ['--kubeconfig', cluster.kubeconfig, '--cache-dir', join(folder, 'cache'), ...words], options)

async function ok(...words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await gantry(words)
  expect(exitCode, `${words.join(' ')}: ${stderr}`).toBe(0)
  return stdout
}

test('diff: 0 and nothing, 1 and what would change, and no secret is shown', async () => {
  expect(await ok('diff', '-f', join(folder, 'pod.yaml'))).toBe('')
  writeFileSync(join(folder, 'changed.yaml'), manifest('1.36'))
  for (const more of [[], ['--server-side', '--force-conflicts']]) {
    const changed = await gantry(['diff', '-f', join(folder, 'changed.yaml'), ...more])
    expect(changed.exitCode).toBe(1)
    expect(changed.stdout).toContain('+    image: docker.io/library/busybox:1.36\n')
    expect(changed.stdout).toContain('+  password: \'*** (after)\'\n')
    expect(changed.stdout).not.toContain(Buffer.from('very-1.36').toString('base64'))
  }
  expect((await gantry(['diff', '-f', join(folder, 'none.yaml')])).exitCode).toBe(2)
  expect((await cluster.get<Pod>('/api/v1/namespaces/default/pods/p')).spec?.containers[0]?.image).toBe(BUSYBOX)
})

test('auth: who I am, and what I and others may do', async () => {
  expect(await ok('auth', 'whoami')).toMatch(/^ATTRIBUTE +VALUE\nUsername +\S+\nGroups +\[.*system:masters.*\]\n/)
  expect(await ok('auth', 'can-i', 'create', 'pods')).toBe('yes\n')
  expect(await ok('auth', 'can-i', '--list')).toMatch(/^\*\.\* +\[\] +\[\] +\[\*\]$/m)
  const jane = await gantry(['auth', 'can-i', 'delete', 'deployments.apps', '--as', 'jane'])
  expect([jane.exitCode, jane.stdout.slice(0, 2)]).toEqual([1, 'no'])
})

test('cp: there and back, into folders that are there and under other names', async () => {
  const tree = join(folder, 'tree')
  const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 31) % 251))
  mkdirSync(join(tree, 'deep'), { recursive: true })
  writeFileSync(join(tree, 'deep/bytes'), bytes)
  await ok('cp', tree, 'p:/tmp')
  await ok('cp', tree, 'default/p:/tmp/renamed')
  await ok('cp', 'p:/tmp/renamed', join(folder, 'back'))
  expect(readFileSync(join(folder, 'back/deep/bytes')).equals(bytes)).toBe(true)
  await ok('cp', 'p:/tmp/tree/deep/bytes', folder)
  expect(readFileSync(join(folder, 'bytes')).equals(bytes)).toBe(true)
  const missing = await gantry(['cp', 'p:/nosuch', join(folder, 'nosuch')])
  expect(missing.exitCode).toBe(1)
  expect(missing.stderr).toContain('nosuch: No such file or directory')
})

test('debug: a container more, that is attached to', async () => {
  const said = await gantry(['debug', '-i', '-q', 'p', `--image=${BUSYBOX}`, '--target=c', '-c', 'dbg', '--', 'sh', '-c', 'read l; echo "got $l"'], { stdin: 'x\n' })
  expect(said).toMatchObject({ exitCode: 0, stdout: 'got x\n' })
  expect((await gantry(['debug', 'p', `--image=${BUSYBOX}`, '-c', 'dbg'])).stderr).toContain('container dbg exists in pod p already')
})

test('top, explain and a template that is not known', async () => {
  expect(await ok('top', 'nodes')).toMatch(/^NAME +CPU\(cores\) +CPU\(%\) +MEMORY\(bytes\) +MEMORY\(%\)\nn1 +\d+m +\d+% +\d+Mi +\d+%\n$/)
  expect(await ok('top', 'pods', '-A')).toMatch(/^NAMESPACE +NAME +CPU\(cores\) +MEMORY\(bytes\)\ndefault +p +\d+m +\d+Mi\n$/)
  expect(await ok('explain', 'pod.spec.restartPolicy')).toContain('DESCRIPTION:\n    Restart policy for all containers within the pod.')
  const [kubectl] = kubectls().toReversed()
  if (kubectl !== undefined) expect(await ok('explain', 'service.spec')).toBe((await run(kubectl, ['--kubeconfig', cluster.kubeconfig, 'explain', 'service.spec'])).stdout)
  expect((await gantry(['get', 'pods', '-o', 'go-template={{.}}'])).stderr).toContain('say it with -o jsonpath=TEMPLATE')
})

test('streams through a control plane that follows: when the leader dies they say that it has', async () => {
  const leader = (await lab.status(cluster.name)).members.find(({ leads }) => leads)?.name ?? ''
  const at = Number(/^cp(\d)/.exec(leader)?.[1])
  const follower = layoutOf(cluster.spec).servers[at % 3] ?? ''
  const clients: ReadonlyArray<readonly string[]> = [...kubectls().filter((_, index, all) => index === 0 || index === all.length - 1).map((path) => [path]), [GANTRY]]
  const follow = (words: readonly string[]): { readonly out: () => string; readonly ended: Promise<unknown> } => {
    const [program = '', ...more] = words
    const child = spawn(program, ['--kubeconfig', cluster.kubeconfig, '--server', follower, ...more], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000, killSignal: 'SIGKILL' })
    let out = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (out += text))
    return { out: () => out, ended: new Promise((resolve) => void child.once('close', resolve)) }
  }
  const streams = clients.flatMap((client) => [[...client, 'exec', 'p', '--', 'sh', '-c', 'echo up; exec sleep 10000'], [...client, 'logs', '-f', 'p']].map(follow))
  await expect.poll(() => streams.every(({ out }) => out().includes('up\n')), { timeout: 60_000 }).toBe(true)
  await lab.kill(cluster.name, leader)
  await Promise.all(streams.map(({ ended }) => ended))
  for (const { out } of streams) expect(out()).toContain('this stream ended with its leadership: run the command again')
})
