/** What people see when something dies, and that what they do on purpose (drain, cordon) costs no call. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { formatTime } from '../../shared/model/time.ts'
import { openApplication, type Application } from './application.ts'
import { isWell, kubectls, readyOf, run, type Ran, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service'
const GANTRY = join(import.meta.dirname, '../../gantry')

interface Going {
  readonly output: () => string
  readonly errors: () => string
  stop(): Promise<void>
}

/** A command that goes on until it is stopped. */
function going(cluster: TestLab, words: readonly string[]): Going {
  const child = spawn(GANTRY, ['--kubeconfig', cluster.kubeconfig, ...words], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000 })
  let [output, errors] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  return {
    output: () => output,
    errors: () => errors,
    async stop() {
      child.kill('SIGINT')
      await ended
    },
  }
}

const gantryOn = (cluster: TestLab, ...words: readonly string[]): Promise<Ran> => run(GANTRY, ['--kubeconfig', cluster.kubeconfig, '--cache-dir', '/nonexistent/cache', ...words])

describe('one control plane, three nodes', () => {
  let cluster: TestLab
  let application: Application
  labOfTests({
    name: 'e2e-see',
    async prepare(lab) {
      cluster = lab
      application = await openApplication(cluster)
    },
    // Its pods write to it until the lab is gone.
    over: () => application?.[Symbol.dispose](),
  })
  const gantry = (...words: readonly string[]): Promise<Ran> => gantryOn(cluster, ...words)

  const [newest] = kubectls().toReversed()
  test.each(['gantry', ...(newest === undefined ? [] : ['kubectl'])])('%s: a drain under load, and the way back, lose no call', async (name) => {
    const tool = (...words: readonly string[]): Promise<Ran> => (name === 'gantry' ? gantry(...words) : cluster.kubectl(words, { program: newest ?? 'kubectl' }))
    const callers = ['n1', 'n2'].map((machine) => application.call(machine))
    for (const node of ['n2', 'n3']) {
      const drained = await tool('drain', node, '--ignore-daemonsets', '--timeout=60s')
      expect(drained, drained.stderr).toMatchObject({ exitCode: 0, stdout: expect.stringContaining(`node/${node} drained`) as string })
      expect((await cluster.get<{ items: Pod[] }>(`/api/v1/pods?fieldSelector=spec.nodeName%3D${node}`)).items).toEqual([])
      await application.whole((place) => place !== node)
      expect((await tool('uncordon', node)).stdout).toBe(`node/${node} uncordoned\n`)
      // So that there is something to move again.
      expect((await tool('rollout', 'restart', 'deployment/shop')).exitCode).toBe(0)
      expect((await tool('rollout', 'status', 'deployment/shop', '--timeout=60s')).exitCode).toBe(0)
      await application.whole()
    }
    for (const caller of callers) {
      const { calls, failures } = await caller.stop()
      expect(failures).toEqual([])
      expect(calls).toBeGreaterThan(100)
    }
  })

  test('cordon keeps new pods away and leaves the others alone', async () => {
    const before = await application.whole()
    expect((await gantry('cordon', 'n1')).stdout).toBe('node/n1 cordoned\n')
    expect((await gantry('get', 'node', 'n1')).stdout).toContain('Ready,SchedulingDisabled')
    expect((await application.whole()).map(({ metadata }) => metadata.uid ?? '').toSorted()).toEqual(before.map(({ metadata }) => metadata.uid ?? '').toSorted())
    expect((await gantry('uncordon', 'n1')).stdout).toBe('node/n1 uncordoned\n')
  })

  test('a node that lives is not confirmed dead, and nothing is done without a yes', async () => {
    const refused = await gantry('node', 'confirm-dead', 'n1', '--yes')
    expect(refused).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringMatching(/^error: node n1 is not dead: it .*(just now|ago).*\nTo move its pods away in order, use "gantry drain n1"/) as string })
    expect((await cluster.get<Node>('/api/v1/nodes/n1')).spec?.taints ?? []).toEqual([])
    expect((await gantry('node', 'confirm-dead', 'nope')).stderr).toBe('Error from server (NotFound): nodes "nope" not found\n')
  })

  test('a node dies: table, description, story and events say what was decided, and what became of its pods', async () => {
    const before = await application.whole()
    const lost = before.filter((pod) => pod.spec?.nodeName === 'n3')
    expect(lost.length).toBeGreaterThan(0)
    const following = going(cluster, ['events', '-A', '--follow'])
    await expect.poll(following.output, { timeout: 60_000 }).toContain('LAST SEEN')
    await lab.kill(cluster.name, 'n3')
    await application.whole((place) => place !== 'n3')
    const [node] = await cluster.until<Node>('/api/v1/nodes?fieldSelector=metadata.name%3Dn3', ([one]) => one !== undefined && readyOf(one)?.status !== 'True')
    const message = node?.status?.conditions?.find(({ type }) => type === 'Ready')?.message ?? ''
    // The table is kubectl's; what was decided stands beside it.
    const nodes = await gantry('get', 'nodes')
    expect(nodes.stdout).toMatch(/^NAME +STATUS +ROLES +AGE +VERSION\nn1 +Ready[^\n]*\nn2 +Ready[^\n]*\nn3 +NotReady[^\n]*\n$/)
    expect(nodes.stderr).toContain(message)
    expect(nodes.stderr).toContain('(gantry why node/n3)')
    expect((await gantry('get', 'nodes', '--no-headers')).stderr).toBe('')
    expect((await gantry('describe', 'node', 'n3')).stdout).toMatch(/Life: +Node n3 is given up: /)
    expect(await gantry('node', 'confirm-dead', 'n3')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^node\/n3 is given up already: /) as string })
    // Events are written a moment after what they tell of.
    await expect.poll(async () => (await gantry('why', 'node/n3')).stdout, { timeout: 60_000 }).toMatch(new RegExp(`${lost.length} pods? started elsewhere `))
    const story = (await gantry('why', 'node/n3')).stdout
    expect(story).toMatch(/^Node n3 is given up: /)
    for (const pod of lost) expect(story).toMatch(new RegExp(`default/${pod.metadata.name} +[-+]\\S+ s +shop-\\S+ +n[12] +\\+\\S+ s +\\+\\S+ s +\\+\\S+ s +\\d\\d:\\d\\d:\\d\\d +shop`))
    const successor = new RegExp(`default/${lost[0]?.metadata.name} +\\S+ s +(shop-\\S+)`).exec(story)?.[1] ?? ''
    await expect.poll(async () => (await gantry('why', `pod/${successor}`)).stdout, { timeout: 60_000 }).toContain(`It replaces pod ${lost[0]?.metadata.name}, which was on node n3`)
    await expect.poll(following.output, { timeout: 60_000 }).toMatch(/Node\/n3 /)
    await following.stop()
    // Once more from a control plane that remembers nothing.
    await lab.kill(cluster.name, 'control-plane')
    await lab.start(cluster.name, 'control-plane')
    expect((await gantry('why', 'node/n3')).stdout).toContain(story.split('\n').find((line) => line.startsWith(`default/${lost[0]?.metadata.name}`)) ?? 'no such line')
    await lab.start(cluster.name, 'n3')
    await cluster.until<Node>('/api/v1/nodes', (all) => all.length === 3 && all.every(isWell))
    await expect.poll(async () => (await gantry('why', 'node/n3')).stdout, { timeout: 60_000 }).toMatch(/^Node n3 is Ready/)
    expect((await gantry('why', 'node/n1')).stdout).toMatch(/^Node n1 is Ready[\s\S]*Nothing that could have stopped its pods happened to it in the last hour\.\n$/)
  })

  test('two of three nodes die at once: nobody is given up until a person says so', async () => {
    await application.whole()
    await Promise.all(['n2', 'n3'].map((name) => lab.kill(cluster.name, name)))
    await expect.poll(async () => (await gantry('get', 'nodes')).stderr, { timeout: 60_000 }).toMatch(/n2: no heartbeat for .*; 1 of 3 members seen, fewer than half: not decided/)
    await expect.poll(async () => (await gantry('why', 'node/n2')).stdout, { timeout: 60_000 }).toMatch(/^Node n2 is silent since \S+ \S+, and not judged: only 1 of 3 members are seen\. If it is dead, say so: gantry node confirm-dead n2\.\n[\s\S]*NodeSilent: /)
    const asked = await gantry('node', 'confirm-dead', 'n2')
    expect(asked).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringMatching(/^Node n2: the last sign of life came .* ago[\s\S]*start on other nodes at once[\s\S]*error: nothing was done: say --yes if you are sure\n$/) as string })
    expect((await gantry('node', 'confirm-dead', 'n2', '--yes', '--dry-run=server')).exitCode).toBe(0)
    expect((await cluster.get<Node>('/api/v1/nodes/n2')).spec?.taints?.some(({ key }) => key === OUT_OF_SERVICE) ?? false).toBe(false)
    expect(await gantry('node', 'confirm-dead', 'n2', '--yes')).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^node\/n2 confirmed dead: /) as string })
    // Of the two that are left one is seen, which is half: the other is judged without a word.
    await application.whole((place) => place === 'n1')
    await expect.poll(async () => (await gantry('why', 'node/n2')).stdout, { timeout: 60_000 }).toMatch(/NodeFenced: n2: confirmed dead by \S+.*; fenced at [\s\S]*started elsewhere/)
    for (const name of ['n2', 'n3']) await lab.start(cluster.name, name)
    await cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.length === 3 && nodes.every(isWell))
    await expect.poll(async () => (await gantry('get', 'nodes')).stderr, { timeout: 60_000 }).toMatch(/n2 is back\. .* ago: confirmed dead by/)
    await expect.poll(async () => (await gantry('why', 'node/n2')).stdout, { timeout: 60_000 }).toMatch(/^Node n2 is Ready: seen just now[\s\S]*NodeAdmitted: /)
  })

  test('a control plane that restarts: reads wait for it, and one that stays away is told with what to do', async () => {
    await lab.kill(cluster.name, 'control-plane')
    const waiting = gantry('get', 'nodes', '-o', 'name')
    await lab.start(cluster.name, 'control-plane')
    expect(await waiting).toEqual({ exitCode: 0, stdout: 'node/n1\nnode/n2\nnode/n3\n', stderr: '' })
    await lab.kill(cluster.name, 'control-plane')
    const refused = await gantry('get', 'nodes')
    expect(refused.stderr).toMatch(/^(The connection to the server 10\.\S+:6443 was refused|Unable to connect to the server: 10\.\S+:6443 does not answer).*\nNobody answered for \d\.\d s\. Is the cluster up\? "gantry lab status"/)
    expect((await gantry('get', 'nodes', '--request-timeout=500ms')).exitCode).toBe(1)
    await lab.start(cluster.name, 'control-plane')
    await cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.length === 3 && nodes.every(isWell))
  })
})

describe('three control planes', () => {
  let cluster: TestLab
  labOfTests({ name: 'e2e-see-ha', nodes: 2, controlPlanes: 3, prepare: (lab) => void (cluster = lab) })

  const leader = async (): Promise<string> => (await lab.status(cluster.name)).members.find(({ leads }) => leads)?.name ?? ''

  test('events --follow through restarts and changes of the leader: none is lost, none comes twice', async ({ onTestFinished }) => {
    const following = going(cluster, ['events', '--follow', '--for', 'pod/told'])
    const watching = going(cluster, ['get', 'pods', '-w', '-o', 'name'])
    const stop = new AbortController()
    onTestFinished(() => stop.abort())
    const told = tell(cluster, stop.signal)
    await expect.poll(following.output, { timeout: 60_000 }).toContain('number 5')
    for (const how of ['kill', 'pause', 'kill'] as const) {
      const name = await leader()
      await (how === 'kill' ? lab.kill(cluster.name, name) : lab.pause(cluster.name, name))
      await expect.poll(leader, { timeout: 60_000 }).not.toBe(name)
      await (how === 'kill' ? lab.start(cluster.name, name) : lab.resume(cluster.name, name))
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
    // Some are written after the last change, however slow the host is.
    const before = [...following.output().matchAll(/number \d+\./g)].length
    await expect.poll(following.output, { timeout: 60_000 }).toContain(`number ${before + 5}.`)
    stop.abort()
    const count = await told
    await expect.poll(following.output, { timeout: 60_000 }).toContain(`number ${count}.`)
    const seen = [...following.output().matchAll(/number (\d+)\./g)].map(([, number]) => Number(number))
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, at) => at + 1))
    expect(watching.errors()).not.toContain('error')
    await Promise.all([following.stop(), watching.stop()])
  })

  test('commands that take their time live through the loss of the leader', async () => {
    const application = await openApplication(cluster)
    try {
      const caller = application.call('n1')
      const draining = gantryOn(cluster, 'drain', 'n2', '--timeout=60s')
      const name = await leader()
      await lab.kill(cluster.name, name)
      const drained = await draining
      expect(drained, drained.stderr).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('node/n2 drained') as string })
      await application.whole((place) => place !== 'n2')
      await lab.start(cluster.name, name)
      expect(await gantryOn(cluster, 'uncordon', 'n2')).toMatchObject({ exitCode: 0 })
      expect(await gantryOn(cluster, 'rollout', 'restart', 'deployment/shop')).toMatchObject({ exitCode: 0 })
      const waiting = [gantryOn(cluster, 'rollout', 'status', 'deployment/shop', '--timeout=60s'), gantryOn(cluster, 'wait', '--for=jsonpath={.status.updatedReplicas}=6', 'deployment/shop', '--timeout=60s')]
      const second = await leader()
      await lab.pause(cluster.name, second)
      for (const ran of await Promise.all(waiting)) expect(ran, ran.stderr).toMatchObject({ exitCode: 0 })
      await lab.resume(cluster.name, second)
      expect((await caller.stop()).failures).toEqual([])
      // Its pods write to its folder until they are gone.
      await cluster.kubectl(['delete', 'deployment', 'shop', '--wait', '--timeout=30s'])
      await cluster.until<Pod>('/api/v1/namespaces/default/pods', (pods) => pods.length === 0)
    } finally {
      application[Symbol.dispose]()
    }
  })
})

/** Writes events one after the other, each until it is stored, and answers how many. */
async function tell(cluster: TestLab, signal: AbortSignal): Promise<number> {
  let count = 0
  while (!signal.aborted) {
    count++
    const time = formatTime(Date.now())
    const event = { metadata: { name: `told.${count}`, namespace: 'default' }, involvedObject: { kind: 'Pod', namespace: 'default', name: 'told' }, reason: 'Told', message: `number ${count}.`, type: 'Normal', firstTimestamp: time, lastTimestamp: time, count: 1, source: { component: 'test' } }
    for (;;) {
      const answer = await cluster.client.request({ method: 'POST', path: '/api/v1/namespaces/default/events', body: JSON.stringify(event), headers: { 'content-type': 'application/json' }, signal: AbortSignal.timeout(2_000) }).catch(() => undefined)
      if (answer?.status === 201 || answer?.status === 409) break
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
  return count
}
