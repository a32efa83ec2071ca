/** A runtime that fails, hangs or is slow, and a disk that is full: what is made of it, and that all is well afterwards. The runtime is a script in front of the real one. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { openCgroups } from '../../node-agent/cgroups/cgroups.ts'
import { openCrun } from '../../node-agent/runtime/crun.ts'
import { crunForThisHost } from '../../node-agent/runtime/hybrid.ts'
import type { ContainerRuntime, ContainerSpec } from '../../node-agent/runtime/port.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { removeGroup } from './control-groups.ts'

const PARENT = `gantry-test-rtt-${process.pid}`
const folder = mkdtempSync(join(tmpdir(), 'gantry-rtt-'))
const script = join(folder, 'crun')
const rootfs = join(folder, 'rootfs')
let real = ''
let runtime: ContainerRuntime & AsyncDisposable
let count = 0

beforeAll(async () => {
  for (const name of ['bin', 'proc', 'dev']) mkdirSync(join(rootfs, name), { recursive: true })
  execFileSync('cp', ['/bin/busybox', join(rootfs, 'bin/sh')])
  real = await crunForThisHost('/usr/bin/crun', folder)
})
afterEach(async () => {
  behave('')
  for (const id of await runtime.list()) await runtime.delete(id)
  await runtime[Symbol.asyncDispose]()
})
afterAll(async () => {
  await removeGroup(PARENT)
  rmSync(folder, { recursive: true, force: true })
})

/** What the script does before the real one is called; `$*` are its arguments. */
function behave(lines: string): void {
  writeFileSync(`${script}.new`, `#!/bin/sh\n${lines}\nexec ${real} "$@"\n`)
  chmodSync(`${script}.new`, 0o755)
  execFileSync('mv', [`${script}.new`, script])
}

async function open(limitMs: number, at = join(folder, `agent-${++count}`)): Promise<string> {
  mkdirSync(at, { recursive: true })
  behave('')
  runtime = await openCrun({ folder: at, runtime: script, conmon: '/usr/bin/conmon', version: 'test', cgroups: await openCgroups({ parent: `/${PARENT}`, clock: systemClock }), concurrency: 1, limitMs, clock: systemClock, log: silentLog })
  return at
}

const specOf = (id: string): ContainerSpec => ({
  id,
  rootfs,
  config: {
    ociVersion: '1.0.2',
    process: { user: { uid: 0, gid: 0 }, args: ['/bin/sh', '-c', 'while :; do /bin/sh -c :; read -t 1 x; done'], cwd: '/', env: ['PATH=/bin'] },
    root: { path: rootfs },
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'ipc' }], cgroupsPath: `/${PARENT}/${id}` },
  },
  logPath: join(folder, 'logs', `${id}.log`),
  terminal: false,
  stdin: false,
})

const processesOf = (word: string): number => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && commandOf(pid).includes(word)).length
const commandOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}
const works = async (id: string): Promise<void> => {
  expect(await runtime.create(specOf(id))).toMatchObject({ kind: 'created' })
  expect(await runtime.start(id)).toMatchObject({ kind: 'started' })
  await runtime.delete(id)
}

test('a runtime that fails: refused in its words, nothing left, and the next one is made', { timeout: 120_000 }, async () => {
  await open(60_000)
  behave('case " $* " in *" create "*) echo "out of luck" >&2; exit 1;; esac')
  expect(await runtime.create(specOf('fails'))).toMatchObject({ kind: 'refused', message: expect.stringContaining('out of luck') as string })
  expect(await runtime.list()).toEqual([])
  behave('')
  await works('fails')
})

test('a runtime that hangs while it makes a container: given up, ended with its monitor, and nobody else waits for it', { timeout: 120_000 }, async () => {
  const at = await open(1_500)
  behave('case " $* " in *" create "*) while :; do sleep 0.2; done;; esac')
  // One at a time: the second would never have its turn.
  const both = await Promise.all([runtime.create(specOf('hangs')), runtime.create(specOf('waits'))])
  for (const result of both) expect(result).toMatchObject({ kind: 'refused', message: expect.stringMatching(/^context deadline exceeded/) as string })
  expect(await runtime.list()).toEqual([])
  expect(processesOf(`${at}/bundles/`)).toBe(0)
  await runtime[Symbol.asyncDispose]()
  await open(60_000, at)
  await works('hangs')
})

test('a runtime that hangs while it deletes: a fault in time, and the next try succeeds', { timeout: 120_000 }, async () => {
  const at = await open(60_000)
  expect(await runtime.create(specOf('stays'))).toMatchObject({ kind: 'created' })
  expect(await runtime.start('stays')).toMatchObject({ kind: 'started' })
  await runtime[Symbol.asyncDispose]()
  await open(1_500, at)
  behave('case " $* " in *" delete "*) while :; do sleep 0.2; done;; esac')
  await expect(runtime.delete('stays')).rejects.toMatchObject({ code: 'timeout' })
  behave('')
  // Its limit is short: on a busy host it is given up once more, or twice.
  await vi.waitFor(() => runtime.delete('stays'), { timeout: 60_000 })
  expect(await runtime.list()).toEqual([])
})

test('a runtime that is slow is waited for', { timeout: 120_000 }, async () => {
  await open(60_000)
  behave('sleep 1')
  await works('slow')
})

test.each([
  ['full', 'size=256k', 4096],
  ['out of inodes', 'nr_inodes=64', 0],
])('a disk that is %s: a fault while it lasts, and a container once there is room', { timeout: 120_000 }, async (_, size, bytes) => {
  const at = mkdtempSync(join(folder, 'gantry-small-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', size, 'gantry-rtt', at])
  try {
    await open(60_000, at)
    let filled = 0
    try {
      for (; filled < 100; filled++) writeFileSync(join(at, `filler-${filled}`), Buffer.alloc(bytes))
    } catch {
      // Full.
    }
    expect(filled).toBeLessThan(100)
    await expect(runtime.create(specOf('full'))).rejects.toThrow('ENOSPC')
    for (let at_ = 0; at_ <= filled; at_++) rmSync(join(at, `filler-${at_}`), { force: true })
    await works('full')
    await runtime[Symbol.asyncDispose]()
  } finally {
    execFileSync('umount', ['-l', at])
  }
})
