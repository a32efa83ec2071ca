import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { slowness } from '../../deploy/lab/patience.ts'
import { openCgroups } from '../../node-agent/cgroups/cgroups.ts'
import { ownCapabilities } from '../../node-agent/host/capabilities.ts'
import { runtimeContract, text } from '../../node-agent/runtime/contract.ts'
import { openCrun } from '../../node-agent/runtime/crun.ts'
import { crunForThisHost } from '../../node-agent/runtime/hybrid.ts'
import { ociSpec } from '../../node-agent/runtime/oci-spec.ts'
import type { ContainerRuntime, ContainerSpec } from '../../node-agent/runtime/port.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import type { Container } from '../../shared/model/gen/api.ts'
import { removeGroup } from './control-groups.ts'

const PARENT = `gantry-test-rt-${process.pid}`
const APPLETS = ['sh', 'sleep', 'cat', 'echo', 'id', 'seq', 'md5sum', 'tail', 'stty', 'true', 'false', 'env', 'ls', 'pwd', 'mount', 'wc', 'tr', 'head', 'kill', 'hostname', 'grep', 'readlink']
const folder = mkdtempSync(join(tmpdir(), 'gantry-rt-'))
const rootfs = join(folder, 'rootfs')
let capabilities: readonly string[] = []

beforeAll(async () => {
  for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp']) mkdirSync(join(rootfs, name), { recursive: true })
  copyFileSync('/bin/busybox', join(rootfs, 'bin/busybox'))
  for (const applet of APPLETS) symlinkSync('busybox', join(rootfs, 'bin', applet))
  writeFileSync(join(rootfs, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  capabilities = await ownCapabilities()
})
afterAll(async () => {
  await removeGroup(PARENT)
  rmSync(folder, { recursive: true })
})

/** Of a process that may be gone by now. */
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

async function open(at: string, program = '/usr/bin/crun'): Promise<ContainerRuntime & AsyncDisposable> {
  mkdirSync(at, { recursive: true })
  const runtime = program.endsWith('crun') ? await crunForThisHost(program, at) : program
  return openCrun({ folder: at, runtime, conmon: '/usr/bin/conmon', version: 'test', cgroups: await openCgroups({ parent: `/${PARENT}`, clock: systemClock }), concurrency: 4, clock: systemClock, log: silentLog })
}

function specOf(id: string, container: Partial<Container>, at: string): ContainerSpec {
  const built = ociSpec({
    pod: { metadata: { name: 'p', namespace: 'ns', uid: 'u' }, spec: { containers: [] } },
    container: { name: 'c', ...container },
    image: { env: [], entrypoint: [], cmd: [], workingDir: '', user: '' },
    users: { users: [{ name: 'root', uid: 0, gid: 0, home: '/root' }], groups: [{ name: 'wheel', gid: 10, members: ['root'] }] },
    env: {},
    rootfs,
    sandbox: { hostname: 'p' },
    volumes: [],
    files: {},
    cgroupsPath: `/${PARENT}/${id}`,
    node: { capabilities, memoryBytes: 2 ** 34 },
    qosClass: 'BestEffort',
  })
  if (built.kind === 'refused') throw new Error(built.message)
  return { id, rootfs, config: built.config, logPath: join(at, 'logs', `${id}.log`), terminal: container.tty === true, stdin: container.stdin === true, stdinOnce: container.stdinOnce === true }
}

for (const program of ['/usr/bin/crun', '/usr/bin/runc'].filter(existsSync)) {
  runtimeContract(`${program} under conmon`, async () => {
    const at = join(folder, `contract-${program.split('/').at(-1)}`)
    const runtime = await open(at, program)
    return {
      runtime,
      spec: (id, args) => Promise.resolve(specOf(id, { command: args }, at)),
      reopen: () => open(at, program),
      close: async () => runtime[Symbol.asyncDispose](),
    }
  })
}

describe('crun under conmon, real parts', () => {
  const at = join(folder, 'real')
  let runtime: ContainerRuntime & AsyncDisposable
  let count = 0
  const run = async (container: Partial<Container>): Promise<string> => {
    const id = `r${++count}`
    expect(await runtime.create(specOf(id, container, at))).toMatchObject({ kind: 'created' })
    await runtime.start(id)
    return id
  }
  const ended = async (id: string): Promise<Awaited<ReturnType<ContainerRuntime['state']>>> => {
    const done = new Promise<void>((resolve) => {
      runtime.onExit((which) => void (which === id && resolve()))
    })
    if ((await runtime.state(id)).kind !== 'exited') await done
    return runtime.state(id)
  }
  const logOf = (id: string): string => readFileSync(join(at, 'logs', `${id}.log`), 'utf8')
  const said = (id: string): string =>
    logOf(id)
      .split('\n')
      .map((line) => line.split(' ').slice(3).join(' '))
      .join('\n')
  beforeAll(async () => {
    runtime = await open(at)
  })
  afterAll(async () => {
    for (const id of await runtime.list()) await runtime.delete(id)
    await runtime[Symbol.asyncDispose]()
  })

  test('what an agent was making when it was killed is unmade by the next one, and can be made again', async () => {
    const half = join(folder, 'half')
    const spec = specOf('half', { command: ['sleep', '1000'] }, half)
    await using first = await open(half)
    expect(await first.create(spec)).toMatchObject({ kind: 'created' })
    // In the middle of it: the runtime has been told, and has not answered.
    const making = first.create(specOf('other', { command: ['sleep', '1000'] }, half))
    await vi.waitFor(() => expect(existsSync(join(half, 'bundles', 'other', 'config.json'))).toBe(true), { timeout: 60_000, interval: 2 })
    await using second = await open(half)
    await making
    expect(await second.list()).toEqual([])
    for (const id of ['half', 'other']) expect(await second.state(id)).toEqual({ kind: 'unknown' })
    expect(await second.create(spec)).toMatchObject({ kind: 'created' })
    expect(await second.start('half')).toMatchObject({ kind: 'started' })
    await second.delete('half')
  })

  test('what an agent had removed half of when it was killed is removed by the next one', async () => {
    const half = join(folder, 'half-removed')
    const oci = join(half, 'oci')
    {
      await using first = await open(half)
      await first.create(specOf('ended', { command: ['sleep', '1000'] }, half))
      await first.start('ended')
      const exited = new Promise<void>((resolve) => void first.onExit(() => resolve()))
      await first.kill('ended', 9)
      await exited
      expect(await first.create(specOf('waits', { command: ['sleep', '1000'] }, half))).toMatchObject({ kind: 'created' })
    }
    for (const id of ['ended', 'waits']) rmSync(join(oci, id, 'config.json'))
    await using second = await open(half)
    expect(await second.list()).toEqual(['ended'])
    await second.delete('ended')
    expect(readdirSync(oci)).toEqual([])
    expect(await second.create(specOf('waits', { command: ['sleep', '1000'] }, half))).toMatchObject({ kind: 'created' })
    await second.delete('waits')
  })

  test('the log is in CRI format', async () => {
    const id = await run({ command: ['sh', '-c', 'echo out; echo err >&2; printf part'] })
    await ended(id)
    const lines = logOf(id).trim().split('\n')
    expect(lines.every((line) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00 (stdout|stderr) [FP] /.test(line))).toBe(true)
    expect(lines.map((line) => line.split(' ').slice(1).join(' ')).sort()).toEqual(['stderr F err', 'stdout F out', 'stdout P part'])
  })

  test('capabilities, privileges and devices are the usual ones', async () => {
    const id = await run({ command: ['sh', '-c', 'grep -E "^(Cap(Inh|Prm|Eff|Bnd|Amb)|NoNewPrivs):" /proc/self/status; ls /dev; pwd; id -G; cat /sys/fs/cgroup/cpu/cpu.shares /sys/fs/cgroup/cpu.weight 2>/dev/null; touch /proc/sys/x'], workingDir: '/not/there' })
    await ended(id)
    expect(said(id).replaceAll('\t', ' ')).toContain('CapInh: 0000000000000000\nCapPrm: 00000000a80425fb\nCapEff: 00000000a80425fb\nCapBnd: 00000000a80425fb\nCapAmb: 0000000000000000\nNoNewPrivs: 0\n')
    expect(said(id)).toContain('fd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntty\nurandom\nzero\n/not/there\n0 10\n')
    expect(said(id)).not.toContain('core\n')
    // Nothing asked for: the least there is, shares in version 1 and weight in version 2.
    expect(said(id)).toMatch(/\n0 10\n[12]\n/)
  })

  test('out of memory is told apart', async () => {
    const id = await run({ command: ['sh', '-c', 'exec tail /dev/zero'], resources: { limits: { memory: '20Mi' } } })
    expect(await ended(id)).toMatchObject({ kind: 'exited', exitCode: 137, oomKilled: true })
  })

  test('exec with much input and output is whole', async () => {
    const id = await run({ command: ['sleep', '1000'] })
    const process = await runtime.exec(id, { command: ['wc', '-c'], tty: false })
    const output = text(process.stdout)
    await process.writeStdin(new Uint8Array(100_000))
    process.closeStdin()
    expect(await output).toBe('100000\n')
    const many = await runtime.exec(id, { command: ['sh', '-c', 'seq 1 20000 | md5sum'], tty: false })
    expect(await text(many.stdout)).toBe('e071f707df7bbeee2a6a1eb48011ddd0  -\n')
    await runtime.delete(id)
  })

  const told = async (id: string, script: string, input: string): Promise<readonly unknown[]> => {
    const process = await runtime.exec(id, { command: ['sh', '-c', script], tty: false })
    const output = Promise.all([text(process.stdout), text(process.stderr)])
    await process.writeStdin(Buffer.from(input))
    process.closeStdin()
    return [...(await output), (await process.exit).exitCode]
  }
  const byName = 'echo x >/dev/stdout; echo y >/dev/stderr; cat /dev/stdin; echo z >>/proc/self/fd/1; exit 3'

  test.each([0, 1000])('the standard streams of a container and of an exec can be opened by name, and each is whole (user %i)', async (runAsUser) => {
    const id = await run({ command: ['sh', '-c', 'echo x >/dev/stdout; echo y >/dev/stderr; exec sleep 1000'], securityContext: { runAsUser, runAsGroup: runAsUser } })
    await expect.poll(() => said(id).trim().split('\n').sort(), { timeout: 30_000 }).toEqual(['x', 'y'])
    expect(await told(id, byName, 'in\n')).toEqual(['x\nin\nz\n', 'y\n', 3])
    const [much] = await told(id, 'head -c 5000000 /dev/zero >/dev/stdout', '')
    expect(String(much)).toHaveLength(5_000_000)
    await runtime.delete(id)
  })

  test('exec: nothing of its streams stays open here, though nobody read them or a child of the command holds them', { timeout: 180_000 * slowness }, async () => {
    const id = await run({ command: ['sleep', '1000'] })
    const openFiles = (): number => readdirSync('/proc/self/fd').length
    const before = openFiles()
    const many = Math.ceil(50 / slowness)
    const all = await Promise.all(Array.from({ length: many }, (_, index) => told(id, byName, `${index}\n`)))
    expect(all).toEqual(Array.from({ length: many }, (_, index) => [`x\n${index}\nz\n`, 'y\n', 3]))
    const unread = await runtime.exec(id, { command: ['sh', '-c', 'echo x; echo y >&2'], tty: false })
    expect(await unread.exit).toMatchObject({ exitCode: 0 })
    const client = new AbortController()
    const held = await runtime.exec(id, { command: ['sh', '-c', 'sleep 1000 & echo up'], tty: false, signal: client.signal })
    expect(await held.exit).toMatchObject({ exitCode: 0 })
    client.abort()
    await expect.poll(openFiles, { timeout: 30_000 }).toBeLessThanOrEqual(before)
    await runtime.delete(id)
  })

  test('exec of a command that is missing is refused in words', async () => {
    const id = await run({ command: ['sleep', '1000'] })
    const process = await runtime.exec(id, { command: ['nosuch'], tty: false })
    expect((await process.exit).refused).toContain('exec: "nosuch": executable file not found in $PATH')
    await runtime.delete(id)
  })

  test('exec: variables named for the command stand beside the container’s own', async () => {
    const id = await run({ command: ['sleep', '1000'] })
    for (const tty of [true, false]) {
      const process = await runtime.exec(id, { command: ['env'], tty, env: ['TERM=xterm-gantry'] })
      const output = await text(process.stdout)
      expect(await process.exit).toEqual({ exitCode: 0, refused: undefined })
      expect(output).toContain('TERM=xterm-gantry')
      expect(output).toContain('PATH=')
    }
    const refused = await runtime.exec(id, { command: ['nosuch'], tty: true, env: ['TERM=xterm'] })
    expect((await refused.exit).refused).toBe('exec: "nosuch": executable file not found in $PATH')
    await runtime.delete(id)
  })

  test('exec: the command is who the container is, with its rights and in its folder', async () => {
    const id = await run({ command: ['sleep', '1000'], workingDir: '/tmp', securityContext: { runAsUser: 1234, runAsGroup: 55, allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } } })
    const look = ['sh', '-c', 'pwd; grep -E "^(Uid|Gid|Groups|Cap...|NoNewPrivs|Seccomp):" /proc/$0/status']
    for (const tty of [false, true]) {
      const said = async (pid: string): Promise<string> => {
        const process = await runtime.exec(id, { command: [...look, pid], tty })
        return (await text(process.stdout)).replaceAll('\r', '')
      }
      const [own, first] = [await said('self'), await said('1')]
      expect(own).toMatch(/^\/tmp\nUid:\t1234\t1234\t1234\t1234\nGid:\t55\t55\t55\t55\nGroups:\t55 ?\n/)
      expect(own).toContain('CapEff:\t0000000000000000\n')
      expect(own).toContain('NoNewPrivs:\t1\nSeccomp:\t2\n')
      expect(own).toBe(first)
    }
    // What was written for the runtime does not stay.
    await vi.waitFor(() => expect(readdirSync(join(at, 'bundles', id)).filter((name) => name.startsWith('exec-'))).toEqual([]), 30_000)
    await runtime.delete(id)
  })

  test('exec on a terminal: a terminal it is, its size can be changed, its exit code arrives', async () => {
    const id = await run({ command: ['sleep', '1000'] })
    const process = await runtime.exec(id, { command: ['sh', '-c', '[ -t 0 ] && echo tty; read x; stty size; exit 4'], tty: true })
    process.resize(100, 40)
    await process.writeStdin(Buffer.from('go\n'))
    const output = await text(process.stdout)
    expect(output).toContain('tty')
    expect(output).toContain('40 100')
    expect(await process.exit).toMatchObject({ exitCode: 4 })
    await runtime.delete(id)
  })

  test('exec on a terminal: the last output of short commands arrives, and nothing stays behind', { timeout: 120_000 * slowness }, async () => {
    const id = await run({ command: ['sleep', '1000'] })
    const holders = (): number => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid) === 'sleep\0infinity\0').length
    const before = holders()
    for (let round = 0; round < Math.ceil(4 / slowness); round++) {
      const outputs = await Promise.all(
        Array.from({ length: 8 }, async () => {
          const process = await runtime.exec(id, { command: ['sh', '-c', 'echo out; exit 7'], tty: true })
          return [await text(process.stdout), (await process.exit).exitCode]
        }),
      )
      expect(outputs).toEqual(Array.from({ length: 8 }, () => ['out\r\n', 7]))
    }
    const refused = await runtime.exec(id, { command: ['nosuch'], tty: true })
    await refused.exit
    const gone = new AbortController()
    const killed = await runtime.exec(id, { command: ['sh', '-c', 'echo up; exec sleep 1000'], tty: true, signal: gone.signal })
    await killed.stdout[Symbol.asyncIterator]().next()
    gone.abort()
    expect((await killed.exit).exitCode).toBe(137)
    await expect.poll(holders, { timeout: 60_000 }).toBeLessThanOrEqual(before)
    await runtime.delete(id)
  })

  test('exec on a terminal: a size that is told while the runtime starts, or later, is not lost', async () => {
    const id = await run({ command: ['sleep', '1000'] })
    const sizes = await Promise.all(
      Array.from({ length: 24 }, async (_, index) => {
        const process = await runtime.exec(id, { command: ['sh', '-c', 'n=0; until [ "$(stty size 2>/dev/null)" = "40 100" ] || [ $n -ge 150 ]; do n=$((n+1)); sleep 0.2; done; stty size'], tty: true })
        setTimeout(() => process.resize(100, 40), index * 15)
        return text(process.stdout)
      }),
    )
    expect(new Set(sizes)).toEqual(new Set(['40 100\r\n']))
    await runtime.delete(id)
  })

  test('the command of an exec ends when the client goes away', async () => {
    const id = await run({ command: ['sleep', '1000'] })
    const client = new AbortController()
    const process = await runtime.exec(id, { command: ['sh', '-c', 'echo up; exec sleep 4242'], tty: false, signal: client.signal })
    const first = await process.stdout[Symbol.asyncIterator]().next()
    expect(Buffer.from(first.value as Uint8Array).toString()).toBe('up\n')
    client.abort()
    expect(await process.exit).toMatchObject({ exitCode: 137 })
    const look = await runtime.exec(id, { command: ['sh', '-c', 'cat /proc/[0-9]*/cmdline | grep -c [4]242'], tty: false })
    expect(await text(look.stdout)).toBe('0\n')
    await runtime.delete(id)
  })

  test('standard input of the container, ended by its first writer', async () => {
    const id = await run({ command: ['sh', '-c', 'while read l; do echo "got $l"; done; echo end'], stdin: true, stdinOnce: true })
    const input = await runtime.openInput(id)
    await input.write(Buffer.from('one\ntwo\n'))
    input.close()
    expect(await ended(id)).toMatchObject({ kind: 'exited', exitCode: 0 })
    expect(said(id)).toBe('got one\ngot two\nend\n')
  })

  test('a log that was renamed is followed by a new one, and no line is lost', async () => {
    const stop = join(rootfs, 'tmp/rotated')
    rmSync(stop, { force: true })
    const id = await run({ command: ['sh', '-c', 'i=0; until [ -e /tmp/rotated ]; do echo "line $i"; i=$((i+1)); sleep 0.002; done; echo "end after $i"'] })
    const path = join(at, 'logs', `${id}.log`)
    for (let rotation = 0; rotation < 3; rotation++) {
      await expect.poll(() => existsSync(path) && readFileSync(path, 'utf8').split('\n').length, { interval: 10 }).toBeGreaterThan(20)
      renameSync(path, `${path}.${rotation}`)
      await runtime.reopenLog(id)
    }
    writeFileSync(stop, '')
    await ended(id)
    const all = [0, 1, 2].map((rotation) => readFileSync(`${path}.${rotation}`, 'utf8')).join('') + readFileSync(path, 'utf8')
    const lines = all.trim().split('\n').map((line) => line.split(' ').slice(3).join(' '))
    expect(lines.length).toBeGreaterThan(60)
    expect(lines).toEqual([...lines.slice(1).map((_, index) => `line ${index}`), `end after ${lines.length - 1}`])
  })
})

describe('a monitor that dies', () => {
  test('is noticed: the container is unknown, and its end leaves nothing', async () => {
    const at = join(folder, 'monitor')
    const runtime = await open(at)
    await runtime.create(specOf('m1', { command: ['sleep', '1000'] }, at))
    await runtime.start('m1')
    const told = new Promise<string>((resolve) => void runtime.onExit(resolve))
    process.kill(Number(readFileSync(join(at, 'bundles/m1/conmon.pid'), 'utf8')), 'SIGKILL')
    expect(await told).toBe('m1')
    expect(await runtime.state('m1')).toEqual({ kind: 'unknown' })
    const pid = Number(readFileSync(join(at, 'bundles/m1/pidfile'), 'utf8'))
    await runtime.delete('m1')
    expect(existsSync(`/proc/${pid}/exe`)).toBe(false)
    await runtime[Symbol.asyncDispose]()
  })
})
