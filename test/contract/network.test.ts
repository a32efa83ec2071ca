import { type ChildProcess, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { podNetworkContract } from '../../node-agent/network/contract.ts'
import type { Sandbox, ServicePort } from '../../node-agent/network/port.ts'
import { type Agent, type Machine, type NetworkLab, openLab, shell } from './network-lab.ts'

for (const variant of ['calls', 'programs'] as const) {
  podNetworkContract(`kernel, by ${variant}`, async () => {
    const lab = await openLab()
    const machine = await lab.machine('a', '198.18.0.1')
    const folder = join(lab.folder, 'run')
    let agent = machine.agent(folder, variant)
    return {
      network: agent.network,
      hasNoUsers: variant === 'programs',
      async restarted() {
        await agent.kill()
        agent = machine.agent(folder, variant)
        return agent.network
      },
      async [Symbol.asyncDispose]() {
        await agent.network.teardown()
        expect(await machine.shell('ip -o link | grep -c "gt" || true; nft list tables; ip route')).toBe('0\n198.18.0.0/16 dev eth0 proto kernel scope link src 198.18.0.1 \n')
        expect(await shell(`ls -A ${folder}; grep -c ${folder} /proc/mounts || true`)).toBe('0\n')
        await lab[Symbol.asyncDispose]()
      },
    }
  })
}

it("a pod with users of its own rules its network, as nobody else's root does", async () => {
  await using lab = await openLab()
  const machine = await lab.machine('a', '198.18.0.1')
  const { network } = machine.agent(join(lab.folder, 'run'))
  await network.configureNode({ podCidr: '10.243.7.0/29', clusterCidr: '10.243.0.0/16', nodeAddress: '198.18.0.1' })
  const [one, other] = await Promise.all(['one', 'other'].map((uid) => network.attach(uid, { hostname: 'p', ownUsers: true })))
  const inside = (sandbox: Sandbox | undefined, netns: Sandbox | undefined, script: string): Promise<string> => shell(`nsenter --net=${netns?.netnsPath} nsenter --user=${sandbox?.users?.usersPath} sh -c '${script}' 2>&1 || true`)
  expect(await inside(one, one, 'ip link set eth0 mtu 1400 && cat /sys/class/net/eth0/mtu; ip -o -4 addr show eth0 | grep -o "inet [0-9.]*"; cat /proc/sys/net/ipv4/ip_unprivileged_port_start')).toContain(`inet ${one?.ip}\n0\n`)
  expect(await inside(other, one, 'ip link set eth0 mtu 1300')).toContain('Operation not permitted')
  const maps = await Promise.all([one, other].map((sandbox) => inside(sandbox, sandbox, 'cat /proc/self/uid_map /proc/self/gid_map')))
  const firsts = maps.map((map) => map.trim().split('\n').map((line) => line.trim().split(/\s+/)))
  for (const [users, groups] of firsts) expect([users?.[0], users?.[2], groups]).toEqual(['0', '65536', users])
  expect(firsts[0]?.[0]?.[1]).not.toBe(firsts[1]?.[0]?.[1])
  await network.teardown()
  expect(await shell(`ls -A ${join(lab.folder, 'run')}`)).toBe('')
})

it("a pod's own settings of its network are there; one that the kernel does not take is told, and a better one goes", async () => {
  await using lab = await openLab()
  const machine = await lab.machine('a', '198.18.0.1')
  const { network } = machine.agent(join(lab.folder, 'run'))
  await network.configureNode({ podCidr: '10.243.7.0/29', clusterCidr: '10.243.0.0/16', nodeAddress: '198.18.0.1' })
  const attach = (name: string, value: string): Promise<Sandbox> => network.attach('one', { hostname: 'p', sysctls: { 'net.ipv4.tcp_syncookies': '1', [name]: value } })
  const file = '/proc/sys/net/ipv4/ip_local_port_range'
  await expect(attach('net.ipv4.ip_local_port_range', 'many')).rejects.toMatchObject({ code: 'invalid', message: `write sysctl key net.ipv4.ip_local_port_range: write ${file}: invalid argument` })
  await expect(attach('net.ipv4.no/such', '1')).rejects.toMatchObject({ code: 'invalid', message: 'write sysctl key net.ipv4.no/such: open /proc/sys/net/ipv4/no.such: no such file or directory' })
  const { netnsPath } = await attach('net.ipv4.ip_local_port_range', '1024 2048')
  expect(await shell(`nsenter --net=${netnsPath} cat ${file}`)).toBe('1024\t2048\n')
  await network.teardown()
})

const programs = new Set<ChildProcess>()
afterEach(() => {
  for (const program of programs) program.kill('SIGKILL')
  programs.clear()
})

/** A program of a pod, ended with the test. */
function start(sandbox: Sandbox, script: string): void {
  programs.add(spawn('nsenter', [`--net=${sandbox.netnsPath}`, 'sh', '-c', `exec ${script}`], { stdio: 'ignore' }))
}

const within = (sandbox: Sandbox, script: string): Promise<string> => shell(`nsenter --net=${sandbox.netnsPath} sh -euc '${script}'`)
/** What the other side says, or why it says nothing. The answer is waited for though there is nothing to say (`-t`; by itself socat waits half a second). */
const call = (target: string, seconds = 60): string => `socat -t ${seconds} -T ${seconds} - TCP4:${target},connect-timeout=${seconds} </dev/null 2>&1`
/** Tells its own name and who called. */
const server = (port: number, name: string): string => `socat TCP4-LISTEN:${port},fork,reuseaddr,backlog=64 SYSTEM:"echo ${name} \\$SOCAT_PEERADDR"`

async function eventually(check: () => Promise<boolean>, mostTries = 2_000): Promise<void> {
  for (let tries = 0; tries < mostTries; tries++) {
    if (await check()) return
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error('it never came true')
}

interface Cluster extends AsyncDisposable {
  readonly lab: NetworkLab
  readonly nodes: readonly [Node, Node]
  readonly outside: Machine
  /** On both nodes. */
  setServices(services: readonly ServicePort[]): Promise<void>
}

interface Node {
  readonly machine: Machine
  readonly folder: string
  agent: Agent
  readonly pods: readonly [Sandbox, Sandbox]
}

async function openCluster(): Promise<Cluster> {
  const lab = await openLab()
  const node = async (at: number): Promise<Node> => {
    const machine = await lab.machine(String.fromCharCode(96 + at), `198.18.0.${at}`)
    const folder = join(lab.folder, `run${at}`)
    const agent = machine.agent(folder)
    await configure({ machine, agent }, at)
    const pods = await Promise.all([agent.network.attach(`pod-${at}-1`, { hostname: 'one' }), agent.network.attach(`pod-${at}-2`, { hostname: 'two' })])
    return { machine, folder, agent, pods }
  }
  const nodes = [await node(1), await node(2)] as const
  const outside = await lab.machine('o', '198.18.0.9')
  return {
    lab,
    nodes,
    outside,
    async setServices(services) {
      for (const [at, { agent }] of nodes.entries()) await agent.network.setServices(services.map((service) => ({ ...service, localEndpoints: service.endpoints.filter(({ ip }) => ip.startsWith(`10.243.${at + 1}.`)) })))
    },
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  }
}

async function configure({ machine, agent }: { readonly machine: Machine; readonly agent: Agent }, at: number): Promise<void> {
  await agent.network.configureNode({ podCidr: `10.243.${at}.0/24`, clusterCidr: '10.243.0.0/16', nodeAddress: machine.address })
  const other = 3 - at
  await agent.network.setRoutes([{ nodeName: `n${other}`, podCidr: `10.243.${other}.0/24`, address: `198.18.0.${other}` }])
}

const serviceOf = (endpoints: readonly Sandbox[], more: Partial<ServicePort> = {}): ServicePort => ({
  name: 'default/web:http',
  protocol: 'TCP',
  clusterIPs: ['10.95.0.10'],
  externalIPs: [],
  port: 80,
  nodePort: 30080,
  endpoints: endpoints.map(({ ip }) => ({ ip, port: 8080 })),
  internalLocal: false,
  externalLocal: false,
  localEndpoints: [],
  ...more,
})

async function listening(pod: Sandbox, port = 8080): Promise<void> {
  await eventually(async () => (await within(pod, 'busybox netstat -ltn')).includes(`:${port} `))
}

describe('pods and services of two nodes', () => {
  it('reach each other, services, node ports and themselves', async () => {
    await using cluster = await openCluster()
    const [first, second] = cluster.nodes
    const [a, b] = first.pods
    const [c] = second.pods
    for (const [pod, name] of [[a, 'A'], [c, 'C']] as const) {
      start(pod, server(8080, name))
      await listening(pod)
    }
    expect(await within(b, call(`${a.ip}:8080`))).toContain('A')
    expect(await within(b, call(`${c.ip}:8080`))).toContain('C')

    await cluster.setServices([serviceOf([a, c])])
    const answers = new Set<string>()
    for (let calls = 0; calls < 30; calls++) answers.add((await within(b, call('10.95.0.10:80'))).slice(0, 1))
    expect([...answers].sort()).toEqual(['A', 'C'])
    // From the node itself, and from outside by either node's address.
    for (const { machine } of cluster.nodes) for (let calls = 0; calls < 4; calls++) expect(await machine.shell(call('10.95.0.10:80'))).toMatch(/^[AC]/)
    for (const { machine } of cluster.nodes) for (let calls = 0; calls < 4; calls++) expect(await cluster.outside.shell(call(`${machine.address}:30080`))).toMatch(/^[AC]/)
    for (let calls = 0; calls < 2; calls++) expect(await within(b, call(`${first.machine.address}:30080`))).toMatch(/^[AC]/)

    await cluster.setServices([serviceOf([a])])
    for (let calls = 0; calls < 3; calls++) expect(await within(a, call('10.95.0.10:80'))).toMatch(/^A/)
    expect(await within(a, call(`${first.machine.address}:30080`))).toMatch(/^A/)
  })

  it('show pods their callers, and the world the node', async () => {
    await using cluster = await openCluster()
    const [first, second] = cluster.nodes
    const [a, b] = first.pods
    const [c] = second.pods
    start(a, server(8080, 'A'))
    await listening(a)
    await cluster.setServices([serviceOf([a])])
    expect(await within(b, call('10.95.0.10:80'))).toBe(`A ${b.ip}\n`)
    expect(await within(c, call('10.95.0.10:80'))).toBe(`A ${c.ip}\n`)
    expect(await cluster.outside.shell(call('198.18.0.2:30080'))).toBe('A 198.18.0.2\n')
    // A pod that calls the world is seen under its node's address.
    const seen = cluster.outside.shell('timeout 100 socat TCP4-LISTEN:9000 SYSTEM:"echo \\$SOCAT_PEERADDR"')
    await eventually(async () => (await cluster.outside.shell('busybox netstat -ltn')).includes(':9000 '))
    expect(await within(c, call('198.18.0.9:9000'))).toBe('198.18.0.2\n')
    await seen
  })

  it('keep the client address and stay on the node with policy Local', async () => {
    await using cluster = await openCluster()
    const [first, second] = cluster.nodes
    const [a, b] = first.pods
    const [c] = second.pods
    start(a, server(8080, 'A'))
    await listening(a)
    await cluster.setServices([serviceOf([a], { externalLocal: true, internalLocal: true })])
    expect(await cluster.outside.shell(call('198.18.0.1:30080'))).toBe('A 198.18.0.9\n')
    await expect(cluster.outside.shell(call('198.18.0.2:30080', 1))).rejects.toThrow()
    expect(await within(b, call('10.95.0.10:80'))).toBe(`A ${b.ip}\n`)
    await expect(within(c, call('10.95.0.10:80', 1))).rejects.toThrow()
    // Inside the cluster a node port leads everywhere.
    expect(await within(c, call('198.18.0.2:30080'))).toBe(`A ${c.ip}\n`)
  })

  it('refuse callers at once where there is no endpoint and no such port', async () => {
    await using cluster = await openCluster()
    const [first] = cluster.nodes
    await cluster.setServices([serviceOf([])])
    for (const target of ['10.95.0.10:80', '10.95.0.10:81', '198.18.0.1:30080']) {
      const started = Date.now()
      expect(await within(first.pods[0], `${call(target)} || true`), target).toMatch(/refused/)
      expect(Date.now() - started).toBeLessThan(20_000)
    }
    expect(await first.machine.shell(`${call('10.95.0.10:80')} || true`)).toMatch(/refused/)
    expect(await cluster.outside.shell(`${call('198.18.0.1:30080')} || true`)).toMatch(/refused/)
  })

  it('lose no call while endpoints come and go, nor over a restart of the agent', async () => {
    await using cluster = await openCluster()
    const [first, second] = cluster.nodes
    const [a, b] = first.pods
    const [c] = second.pods
    for (const [pod, name] of [[a, 'A'], [c, 'C']] as const) {
      start(pod, server(8080, name))
      await listening(pod)
    }
    await cluster.setServices([serviceOf([a, c])])
    const calls = within(b, `n=0; while [ $n -lt 150 ]; do n=$((n+1)); ${call('10.95.0.10:80')} || echo FAILED; done`)
    for (let round = 0; round < 8; round++) await cluster.setServices([serviceOf(round % 3 === 0 ? [a] : round % 3 === 1 ? [a, c] : [c])])
    await first.agent.kill()
    first.agent = first.machine.agent(first.folder)
    await configure(first, 1)
    expect(await first.agent.network.list()).toEqual(expect.arrayContaining(['pod-1-1', 'pod-1-2']))
    await first.agent.network.setServices([serviceOf([a])])
    const lines = (await calls).trim().split('\n')
    expect(lines.filter((line) => !/^[AC]/.test(line))).toEqual([])
    expect(lines).toHaveLength(150)
  })

  it('send a client with affinity to the same endpoint until it goes', async () => {
    await using cluster = await openCluster()
    const [first, second] = cluster.nodes
    const [a, b] = first.pods
    const [c, d] = second.pods
    for (const [pod, name] of [[a, 'A'], [c, 'C'], [d, 'D']] as const) {
      start(pod, server(8080, name))
      await listening(pod)
    }
    await cluster.setServices([serviceOf([a, c, d], { affinitySeconds: 60 })])
    const answers = async (): Promise<readonly string[]> => [...new Set((await within(b, `for n in 1 2 3 4 5 6 7 8; do ${call('10.95.0.10:80')}; done`)).trim().split('\n').map((line) => line.slice(0, 1)))]
    const [chosen = '', ...others] = await answers()
    expect(others).toEqual([])
    const pods: Readonly<Record<string, Sandbox>> = { A: a, C: c, D: d }
    const left = Object.entries(pods).filter(([name]) => name !== chosen)
    await cluster.setServices([serviceOf(left.map(([, pod]) => pod), { affinitySeconds: 60 })])
    const [next = '', ...more] = await answers()
    expect(more).toEqual([])
    expect(left.map(([name]) => name)).toContain(next)
  })

  it('move UDP clients that keep sending away from an endpoint that is gone', async () => {
    await using cluster = await openCluster()
    const [first, second] = cluster.nodes
    const [a, b] = first.pods
    const [c] = second.pods
    const udp = (endpoints: readonly Sandbox[]): ServicePort => serviceOf(endpoints, { protocol: 'UDP', port: 53 })
    for (const [pod, name] of [[a, 'A'], [c, 'C']] as const) start(pod, `socat UDP4-RECVFROM:8080,fork SYSTEM:"echo ${name}"`)
    for (const pod of [a, c]) await eventually(async () => (await within(pod, 'busybox netstat -lun')).includes(':8080 '))
    await cluster.setServices([udp([a])])
    const client = 'echo q | socat -T 1 -t 1 - UDP4:10.95.0.10:53,sourceport=5555'
    // Again and again from the same port, as a client does that knows no better. One answer may be late on a busy host.
    const answers = (name: string): Promise<void> => eventually(async () => (await within(b, client)) === `${name}\n`, 20)
    await answers('A')
    await cluster.setServices([udp([c])])
    await answers('C')
    await cluster.setServices([udp([])])
    expect(await within(b, `${client} 2>/dev/null || true`)).toBe('')
    await cluster.setServices([udp([a])])
    await answers('A')
  })

  it('lead a call that hangs at an endpoint that is gone to another, and the next one from its port; what is established goes on', async () => {
    await using cluster = await openCluster()
    const [first, second] = cluster.nodes
    const [a, b] = first.pods
    const [c] = second.pods
    start(a, 'socat TCP4-LISTEN:8080,fork,reuseaddr EXEC:cat')
    await listening(a)
    // Nothing that it would answer goes out, as of a machine without power.
    await within(c, 'ip route replace blackhole default')
    const connections = (state: string): Promise<void> => eventually(async () => (await within(b, 'busybox netstat -tn')).includes(state))
    await cluster.setServices([serviceOf([a])])
    const changed = join(cluster.lab.folder, 'changed')
    const established = within(b, `(echo one; until [ -e ${changed} ]; do sleep 0.1; done; echo two) | socat -t 60 - TCP4:10.95.0.10:80`)
    await connections('ESTABLISHED')
    await cluster.setServices([serviceOf([c])])
    await writeFile(changed, '')
    const given = 'sourceport=5556,reuseaddr,connect-timeout'
    expect(await within(b, `echo lost | socat - TCP4:10.95.0.10:80,${given}=1 2>&1 || true`)).toMatch(/timed out/)
    const hanging = within(b, 'echo rescued | socat -t 60 - TCP4:10.95.0.10:80,connect-timeout=60')
    await connections('SYN_SENT')
    await cluster.setServices([serviceOf([a])])
    expect(await within(b, `echo again | socat -t 60 - TCP4:10.95.0.10:80,${given}=60`)).toBe('again\n')
    expect(await hanging).toBe('rescued\n')
    expect(await established).toBe('one\ntwo\n')
  })

  it('lead host ports into their pod, and close them with it', async () => {
    await using cluster = await openCluster()
    const [first, second] = cluster.nodes
    const pod = await first.agent.network.attach('with-port', { hostname: 'p', hostPorts: [{ hostPort: 8888, containerPort: 8080, protocol: 'TCP', hostIP: '' }] })
    start(pod, server(8080, 'P'))
    await listening(pod)
    expect(await cluster.outside.shell(call('198.18.0.1:8888'))).toContain('P')
    expect(await within(second.pods[0], call('198.18.0.1:8888'))).toContain('P')
    expect(await within(pod, call('198.18.0.1:8888'))).toContain('P')
    await first.agent.network.detach('with-port')
    expect(await cluster.outside.shell(`${call('198.18.0.1:8888')} || true`)).toMatch(/refused/)
  })

  it('have the node’s MTU, and large answers pass', async () => {
    const lab = await openLab()
    await using _ = lab
    const machine = await lab.machine('a', '198.18.0.1')
    await machine.shell('ip link set eth0 mtu 1400')
    const agent = machine.agent(join(lab.folder, 'run'))
    await agent.network.configureNode({ podCidr: '10.243.1.0/24', clusterCidr: '10.243.0.0/16', nodeAddress: '198.18.0.1' })
    const pod = await agent.network.attach('p', { hostname: 'p' })
    expect(await within(pod, 'ip link show eth0')).toContain('mtu 1400')
  })
})

describe('a node whose network was disturbed', () => {
  it('makes the bridge again, writes a lost table again, and removes links nobody knows', async () => {
    const lab = await openLab()
    await using _ = lab
    const machine = await lab.machine('a', '198.18.0.1')
    const folder = join(lab.folder, 'run')
    const agent = machine.agent(folder)
    const range = { podCidr: '10.243.1.0/24', clusterCidr: '10.243.0.0/16', nodeAddress: '198.18.0.1' }
    await agent.network.configureNode(range)
    await agent.network.setServices([serviceOf([])])
    await machine.shell('ip link delete gt0; nft delete table ip gantry')
    const pod = await agent.network.attach('p', { hostname: 'p' })
    await agent.network.setServices([serviceOf([pod])])
    expect(await machine.shell('nft list table ip gantry')).toContain(`dnat to ${pod.ip}:8080`)
    start(pod, server(8080, 'P'))
    await listening(pod)
    expect(await machine.shell(call('10.95.0.10:80'))).toMatch(/^P/)
    await machine.shell('ip link add gt0123456789ab type bridge')
    await agent.network.configureNode(range)
    expect(await machine.shell('ip -o link')).not.toContain('gt0123456789ab')
    expect(await machine.shell(call('10.95.0.10:80'))).toMatch(/^P/)
  })
})

describe('speed', () => {
  it('is told, not judged', async () => {
    const lab = await openLab()
    await using _ = lab
    const agent = (await lab.machine('a', '198.18.0.1')).agent(join(lab.folder, 'run'))
    await agent.network.configureNode({ podCidr: '10.243.1.0/24', clusterCidr: '10.243.0.0/16', nodeAddress: '198.18.0.1' })
    console.log(`configureNode: ${agent.lastMs().toFixed(2)} ms`)
    const times: Record<string, number[]> = { attach: [], detach: [], change: [] }
    for (let pod = 0; pod < 30; pod++) {
      await agent.network.attach(`p${pod}`, { hostname: 'p' })
      times['attach']?.push(agent.lastMs())
    }
    for (let pod = 0; pod < 30; pod++) {
      await agent.network.setServices([serviceOf([], { endpoints: [{ ip: `10.243.1.${pod + 2}`, port: 80 }] })])
      times['change']?.push(agent.lastMs())
    }
    for (let pod = 0; pod < 30; pod++) {
      await agent.network.detach(`p${pod}`)
      times['detach']?.push(agent.lastMs())
    }
    for (const [verb, list] of Object.entries(times)) console.log(`${verb}: median ${list.sort((x, y) => x - y)[15]?.toFixed(2)} ms`)
    expect(await agent.network.list()).toEqual([])
  })
})
