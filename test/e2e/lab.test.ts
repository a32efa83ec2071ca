/** Labs come and go without a trace, stand side by side, lose and regain power, are cut off and healed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { layoutOf, type LabSpec } from '../../deploy/lab/layout.ts'
import { killGroup, processesOf } from '../../deploy/lab/cgroups.ts'
import { labClient } from '../../deploy/lab/api.ts'
import { labIdentity } from '../../deploy/lab/identity.ts'
import { bootIdOf } from '../../deploy/lab/programs.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { isRunning, run, testLab } from './harness.ts'
import { afterFailure } from './lab-of-tests.ts'

const NAMES = ['e2e-one', 'e2e-two', 'e2e-several', 'e2e-held'] as const

const allDown = async (): Promise<void> => {
  for (const name of NAMES) await lab.down(name, { keep: false })
}
// What the first tests leave to those after them.
afterFailure(async () => {
  await allDown()
  await Promise.all(NAMES.slice(0, 2).map((name) => lab.up({ name, nodes: 1, kubeconfig: false })))
})
afterAll(allDown)

/** Everything on the host that carries a lab's name. */
function traces(name: string): readonly string[] {
  const netns = existsSync('/run/netns') ? readdirSync('/run/netns').filter((one) => one.startsWith(`gantry-${name}-`)) : []
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => line.includes(`/gantry/labs/${name}/`))
  const groups = readdirSync('/sys/fs/cgroup').flatMap((controller) => (existsSync(`/sys/fs/cgroup/${controller}/gantry/${name}`) ? [`cgroup ${controller}`] : []))
  const folders = [`/var/lib/gantry/labs/${name}`, `/run/gantry/labs/${name}`].filter((folder) => existsSync(folder))
  return [...netns, ...mounts, ...groups, ...folders]
}

/** The host's first process reaps the dead when it pleases. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

test('a lab of no nodes comes up, twice is once, and goes without a trace', async () => {
  await lab.down(NAMES[0], { keep: false })
  const first = await lab.up({ name: NAMES[0], nodes: 0, kubeconfig: false })
  expect(first.started).toEqual(['etcd', 'control-plane'])
  const again = await lab.up({ name: NAMES[0], kubeconfig: false })
  expect(again.started).toEqual([])
  const processes = await processesOf(layoutOf(first.spec).cgroup)
  expect(processes.length).toBeGreaterThan(0)
  await lab.down(NAMES[0], { keep: false })
  expect(traces(NAMES[0])).toEqual([])
  expect(processes.filter(isAlive)).toEqual([])
  expect(existsSync(`/sys/class/net/${layoutOf(first.spec).bridge}`)).toBe(false)
})

test('two labs stand side by side; a lab taken down with its data kept comes back with names, addresses and state', async () => {
  const [one] = await Promise.all([lab.up({ name: NAMES[0], nodes: 1, kubeconfig: false }), lab.up({ name: NAMES[1], nodes: 1, kubeconfig: false })])
  expect((await lab.status(NAMES[1])).members.map(({ state }) => state)).toEqual(['running', 'running', 'running'])
  await lab.down(NAMES[0], { keep: true })
  const back = await lab.up({ name: NAMES[0], kubeconfig: false })
  expect(back.server).toBe(one.server)
  expect(back.spec).toEqual(one.spec)
})

test('a node is paused and resumed, cut off and healed, killed and started', async () => {
  const stateOf = async (name: string): Promise<string | undefined> => (await lab.status(NAMES[0])).members.find((member) => member.name === name)?.state
  await lab.pause(NAMES[0], 'n1')
  expect(await stateOf('n1')).toBe('paused')
  await lab.resume(NAMES[0], 'n1')
  await lab.partition(NAMES[0], ['n1'])
  expect(await stateOf('n1')).toBe('cut off')
  await lab.heal(NAMES[0])
  expect(await stateOf('n1')).toBe('running')
  await lab.kill(NAMES[0], 'n1')
  expect(await stateOf('n1')).toBe('stopped')
  await lab.start(NAMES[0], 'n1')
  await expect.poll(() => stateOf('n1'), { timeout: 60_000 }).toBe('running')
})

const stateOf = async (member: string): Promise<lab.MemberStatus | undefined> => (await lab.status(NAMES[0])).members.find(({ name }) => name === member)

test('a program is killed and stays dead, or paused, while its machine lives on in its boot', async () => {
  const { spec } = await lab.status(NAMES[0])
  const boot = await bootIdOf(spec, 'n1')
  await lab.kill(NAMES[0], 'n1/agent')
  expect(await stateOf('n1')).toMatchObject({ state: 'stopped', pid: undefined })
  await lab.start(NAMES[0], 'n1/agent')
  await expect.poll(async () => (await stateOf('n1'))?.state, { timeout: 60_000 }).toBe('running')
  expect(await bootIdOf(spec, 'n1')).toBe(boot)
  await lab.pause(NAMES[0], 'n1/agent')
  expect((await stateOf('n1'))?.state).toBe('paused')
  await lab.resume(NAMES[0], 'n1/agent')
  expect((await stateOf('n1'))?.state).toBe('running')
  await lab.kill(NAMES[0], 'etcd')
  expect((await stateOf('control-plane'))?.state).toBe('running')
  await lab.start(NAMES[0], 'etcd')
  await expect.poll(async () => (await stateOf('etcd'))?.state, { timeout: 60_000 }).toBe('running')
})

const canPing = async (spec: LabSpec, [from, to]: readonly [string, string]): Promise<boolean> =>
  (await run('ip', ['netns', 'exec', layoutOf(spec).netns(from), 'busybox', 'ping', '-c', '1', '-W', '1', layoutOf(spec).addressOf(to)])).exitCode === 0

/** Whoever was not answered is asked for its address again a second later. */
const pings = (spec: LabSpec, way: readonly [string, string]): Promise<void> => expect.poll(() => canPing(spec, way), { timeout: 60_000 }).toBe(true)

test('single ways are cut, both or one, and mended; a cable is made slow', async () => {
  const { spec } = await lab.up({ name: NAMES[1], nodes: 2, kubeconfig: false })
  await lab.partition(NAMES[1], ['n1'], { from: ['n2'] })
  expect(await canPing(spec, ['n1', 'n2'])).toBe(false)
  await pings(spec, ['n1', 'control-plane'])
  expect((await lab.status(NAMES[1])).cuts.map(({ from, to }) => `${from} ${to}`).toSorted()).toEqual(['n1 n2', 'n2 n1'])
  await lab.heal(NAMES[1])
  await pings(spec, ['n1', 'n2'])
  // A word needs both ways, so one that is heard gets no answer: who is heard is seen by what arrives.
  const received = async (machine: string): Promise<number> => Number((await run('ip', ['netns', 'exec', layoutOf(spec).netns(machine), 'awk', '/^Icmp: [0-9]/ { print $10 }', '/proc/net/snmp'])).stdout)
  await lab.partition(NAMES[1], ['n1'], { from: ['n2'], oneWay: true })
  const before = await received('n1')
  expect(await canPing(spec, ['n2', 'n1'])).toBe(false)
  expect(await received('n1')).toBeGreaterThan(before)
  const unheard = await received('n2')
  expect(await canPing(spec, ['n1', 'n2'])).toBe(false)
  expect(await received('n2')).toBe(unheard)
  await lab.heal(NAMES[1])
  await lab.slow(NAMES[1], ['n1'], { bytesPerSecond: 2_000 })
  const startMs = performance.now()
  await run('ip', ['netns', 'exec', layoutOf(spec).netns('n1'), 'busybox', 'ping', '-c', '5', '-A', '-s', '1400', '-W', '3', layoutOf(spec).addressOf('n2')])
  expect(performance.now() - startMs).toBeGreaterThan(1_000)
  await lab.heal(NAMES[1])
  expect((await lab.status(NAMES[1])).cuts).toEqual([])
  await lab.slow(NAMES[1], ['n1'], { lossPercent: 100 })
  expect(await canPing(spec, ['n1', 'n2'])).toBe(false)
  await lab.heal(NAMES[1])
  await pings(spec, ['n1', 'n2'])
})

/** The `runsv` of a member. */
async function supervisorOf(spec: LabSpec, member: string): Promise<number> {
  const words = `runsv\0${layoutOf(spec).services}/${member}\0`
  const found = (await processesOf(`${layoutOf(spec).cgroup}/supervisor`)).filter((pid) => isAlive(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8') === words)
  expect(found).toHaveLength(1)
  return found[0] ?? 0
}

test('a program is killed when its supervisor knows that it is to stay dead, and not before', async () => {
  const { spec } = await lab.status(NAMES[0])
  await expect.poll(async () => (await stateOf('n1'))?.state, { timeout: 60_000 }).toBe('running')
  const pid = (await stateOf('n1'))?.pid ?? 0
  const supervisor = await supervisorOf(spec, 'n1')
  process.kill(supervisor, 'SIGSTOP')
  const killing = lab.kill(NAMES[0], 'n1/agent')
  try {
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(isAlive(pid)).toBe(true)
  } finally {
    process.kill(supervisor, 'SIGCONT')
    await killing
  }
  expect(isAlive(pid)).toBe(false)
  expect(await stateOf('n1')).toMatchObject({ state: 'stopped', pid: undefined })
  await lab.start(NAMES[0], 'n1/agent')
  await expect.poll(async () => (await stateOf('n1'))?.state, { timeout: 60_000 }).toBe('running')
})

test('a supervisor that dies is started again, and its program with it, in the boot it was in', async () => {
  const { spec } = await lab.status(NAMES[0])
  const boot = await bootIdOf(spec, 'n1')
  for (const [member, signal] of [['n1', 'SIGKILL'], ['etcd', 'SIGTERM']] as const) {
    const before = await stateOf(member)
    process.kill(await supervisorOf(spec, member), signal)
    await expect.poll(async () => (await stateOf(member))?.pid ?? before?.pid, { timeout: 60_000, interval: 20 }).not.toBe(before?.pid)
    // The one of before is gone: two would be at each other's throats.
    expect(isAlive(before?.pid ?? 0)).toBe(false)
  }
  expect((await lab.up({ name: NAMES[0], kubeconfig: false })).started).toEqual([])
  expect(await bootIdOf(spec, 'n1')).toBe(boot)
  // Who was killed on purpose stays dead.
  await lab.kill(NAMES[0], 'n1/agent')
  process.kill(await supervisorOf(spec, 'n1'), 'SIGKILL')
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect((await stateOf('n1'))?.state).toBe('stopped')
  await lab.start(NAMES[0], 'n1/agent')
  await expect.poll(async () => (await stateOf('n1'))?.state, { timeout: 60_000 }).toBe('running')
})

test('supervisors that are gone for good are made anew by `up`, and what runs on the machine runs on', async () => {
  await using cluster = await testLab('e2e-held', { nodes: 1 })
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'held' }, spec: { containers: [{ name: 'c', image: 'docker.io/library/busybox:1.35', command: ['sleep', '100000'] }] } }
  await cluster.send('POST', '/api/v1/namespaces/default/pods', pod)
  const [before] = await cluster.until<Pod>('/api/v1/namespaces/default/pods', (pods) => pods.length === 1 && pods.every(isRunning))
  const boot = await bootIdOf(cluster.spec, 'n1')
  await killGroup(`${layoutOf(cluster.spec).cgroup}/supervisor`)
  expect((await lab.up({ name: cluster.name, kubeconfig: false })).started).toEqual(['etcd', 'control-plane', 'n1'])
  expect(await bootIdOf(cluster.spec, 'n1')).toBe(boot)
  const [after] = await cluster.until<Pod>('/api/v1/namespaces/default/pods', (pods) => pods.length === 1 && pods.every(isRunning))
  expect(after?.status?.containerStatuses?.map(({ containerID, restartCount }) => ({ containerID, restartCount }))).toEqual(before?.status?.containerStatuses?.map(({ containerID }) => ({ containerID, restartCount: 0 })))
})

test('what is left of a lab after its host crashed is made whole, and nodes are ready in their new boot', async () => {
  const { spec } = await lab.status(NAMES[0])
  const layout = layoutOf(spec)
  await killGroup(`${layout.cgroup}/supervisor`)
  await killGroup(layout.cgroup)
  // One machine without its cable, one whose making was interrupted.
  await run('ip', ['link', 'del', layout.link('control-plane')])
  await run('ip', ['-netns', layout.netns('n1'), 'addr', 'flush', 'dev', 'eth0'])
  const [first, second] = await Promise.all([lab.up({ name: NAMES[0], kubeconfig: false }), lab.up({ name: NAMES[0], kubeconfig: false })])
  expect([...first.started, ...second.started].toSorted()).toEqual(['control-plane', 'etcd', 'n1'])
  using client = labClient(spec, await labIdentity(spec))
  const node = JSON.parse((await client.request({ path: '/api/v1/nodes/n1' })).text) as Node
  expect(node.status?.nodeInfo?.bootID).toBe(await bootIdOf(spec, 'n1'))
})

test('a lab with a paused node, one cut off and a dead control plane goes without a trace', async () => {
  const { spec } = await lab.up({ name: NAMES[1], nodes: 2, kubeconfig: false })
  const processes = await processesOf(layoutOf(spec).cgroup)
  await lab.pause(NAMES[1], 'n1')
  await lab.partition(NAMES[1], ['n2'])
  await lab.kill(NAMES[1], 'control-plane')
  await lab.pause(NAMES[1], 'etcd')
  await lab.down(NAMES[1], { keep: false })
  expect(traces(NAMES[1])).toEqual([])
  expect(processes.filter(isAlive)).toEqual([])
})

test('starting what runs changes nothing', async () => {
  const { spec, members } = await lab.status(NAMES[0])
  const boot = await bootIdOf(spec, 'n1')
  await lab.start(NAMES[0], 'n1')
  expect(await bootIdOf(spec, 'n1')).toBe(boot)
  expect((await lab.status(NAMES[0])).members).toEqual(members)
})

test('a wall clock is wrong by hours, and right again: the node stays what it was', async () => {
  const { spec } = await lab.status(NAMES[0])
  using client = labClient(spec, await labIdentity(spec))
  const heartbeatMs = async (): Promise<number> => {
    const { spec: lease } = JSON.parse((await client.request({ path: '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/n1' })).text) as { readonly spec?: { readonly renewTime?: string } }
    return Date.parse(lease?.renewTime ?? '')
  }
  const loggedMs = async (): Promise<number> => Date.parse((JSON.parse((await lab.logs(NAMES[0], 'n1')).text.trim().split('\n').at(-1) ?? '{}') as { readonly time?: string }).time ?? '')
  await lab.setClock(NAMES[0], 'n1', -3 * 3_600_000)
  await expect.poll(async () => loggedMs(), { timeout: 60_000 }).toBeLessThan(Date.now() - 2.9 * 3_600_000)
  await expect.poll(async () => (await stateOf('n1'))?.state, { timeout: 60_000 }).toBe('running')
  await lab.setClock(NAMES[0], 'n1', 0)
  await expect.poll(async () => loggedMs(), { timeout: 60_000 }).toBeGreaterThan(Date.now() - 60_000)
  expect(await heartbeatMs()).toBeGreaterThan(Date.now() - 120_000)
})

test('a lab asked to be smaller says that it keeps its nodes, or drains them and takes them away', async () => {
  const name = NAMES[1]
  const { spec } = await lab.up({ name, nodes: 2, kubeconfig: false })
  const gantry = (...words: readonly string[]): ReturnType<typeof run> => run(join(import.meta.dirname, '../../gantry'), [...words, '--name', name])
  const kept = await gantry('lab', 'up', '--nodes', '1', '--no-kubeconfig')
  expect(kept.stderr).toContain(`the lab has 2 nodes and keeps them: "gantry lab up --name ${name} --nodes 1 --remove" drains those above 1 and takes them away`)
  const processes = await processesOf(layoutOf(spec).memberCgroup('n2'))
  const smaller = await gantry('lab', 'up', '--nodes', '1', '--remove', '--no-kubeconfig')
  expect(smaller.exitCode, smaller.stderr).toBe(0)
  expect(smaller.stdout).toContain('node/n2 drained\nnode/n2 taken away\n')
  expect((await lab.status(name)).members.map((member) => member.name)).toEqual(['etcd', 'control-plane', 'n1'])
  expect(existsSync(layoutOf(spec).netnsPath('n2')) || existsSync(layoutOf(spec).memberState('n2')) || existsSync(`/sys/class/net/${layoutOf(spec).link('n2')}`)).toBe(false)
  expect(processes.filter(isAlive)).toEqual([])
  using client = labClient(spec, await labIdentity(spec))
  expect((await client.request({ path: '/api/v1/nodes/n2' })).status).toBe(404)
  // It grows again as if n2 had never been.
  expect((await lab.up({ name, nodes: 2, kubeconfig: false })).started).toEqual(['n2'])
})

test('of two control planes and their witness any may be lost, and the API answers under one address', async () => {
  const name = NAMES[2]
  const { spec, server, started } = await lab.up({ name, nodes: 1, controlPlanes: 2, kubeconfig: false })
  expect(started).toEqual(['cp1/etcd', 'cp2/etcd', 'witness/etcd', 'cp1/control-plane', 'cp2/control-plane', 'n1'])
  expect(server).toBe(`https://${layoutOf(spec).virtualAddress}:6443`)
  const identity = await labIdentity(spec)
  const leader = async (): Promise<string | undefined> => (await lab.status(name)).members.find(({ leads }) => leads)?.machine
  const write = async (what: string): Promise<number> => {
    using client = labClient(spec, identity)
    const body = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: what } })
    return (await client.request({ method: 'POST', path: '/api/v1/namespaces/default/configmaps', headers: { 'content-type': 'application/json' }, body, signal: AbortSignal.timeout(2_000) }).catch(() => ({ status: 0 }))).status
  }
  // `up` waits for the API, which answers without the address, too.
  await expect.poll(leader, { timeout: 60_000 }).toSatisfy((one) => one === 'cp1' || one === 'cp2')
  const first = (await leader()) ?? ''
  expect(await write('before')).toBe(201)
  for (const machine of [first, 'witness']) {
    await lab.kill(name, machine)
    expect((await lab.status(name)).members.filter((member) => member.machine === machine).map(({ state }) => state)).not.toContain('running')
    await expect.poll(() => write(`without-${machine}`), { timeout: 60_000, interval: 50 }).toSatisfy((status) => status === 201 || status === 409)
    if (machine === first) await expect.poll(leader, { timeout: 60_000 }).toBe(first === 'cp1' ? 'cp2' : 'cp1')
    // `up` brings back what does not run, as `start` would.
    expect((await lab.up({ name, kubeconfig: false })).started.every((member) => member.startsWith(`${machine}/`))).toBe(true)
  }
  for (const address of layoutOf(spec).servers) {
    using client = labClient(spec, identity, address)
    const { status, text } = await client.request({ path: '/api/v1/namespaces/default/configmaps' })
    expect(status, `${address}: ${text}`).toBe(200)
    const { items } = JSON.parse(text) as { readonly items: readonly { readonly metadata: { readonly name: string } }[] }
    expect(items.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(['before', `without-${first}`, 'without-witness']))
  }
  await expect(lab.up({ name, controlPlanes: 3, kubeconfig: false })).rejects.toThrow(/was made with 2 control planes and keeps as many/)
  await expect(lab.kill(name, 'cp3')).rejects.toThrow(/has no "cp3": it has cp1, cp1\/etcd, cp2, cp2\/etcd, witness, witness\/etcd, cp1\/control-plane, cp2\/control-plane, n1/)
  const processes = await processesOf(layoutOf(spec).cgroup)
  await lab.pause(name, 'cp2')
  await lab.down(name, { keep: false })
  expect(traces(name)).toEqual([])
  expect(processes.filter(isAlive)).toEqual([])
})

test('mistakes are answered with a sentence that says what to do', async () => {
  await expect(lab.up({ name: 'Not A Name', kubeconfig: false })).rejects.toThrow(/cannot be a lab's name/)
  await expect(lab.kill(NAMES[0], 'n9')).rejects.toThrow(/has no "n9": it has etcd, control-plane, n1/)
  await expect(lab.status('nowhere')).rejects.toThrow(/gantry lab up --name nowhere/)
})
