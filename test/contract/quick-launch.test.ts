import { spawnSync } from 'node:child_process'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { loadLibc, type OpenPipe } from '../../node-agent/host/libc.ts'
import { launch, type Launched } from '../../node-agent/host/processes.ts'
import { launchQuickly } from '../../node-agent/host/quick-launch.ts'
import { exitCodeOf } from '../../node-agent/host/spawn-calls.ts'
import { Fault } from '../../shared/kit/faults.ts'

const read = (stream: Readable | undefined): Promise<string> => (stream === undefined ? Promise.resolve('no stream') : text(stream))

function mustLaunch(script: string, options: Parameters<typeof launchQuickly>[2] = {}): Launched {
  const launched = launchQuickly('/bin/sh', ['-c', script], options)
  if (launched === undefined) throw new Error('not launched by calls')
  return launched
}

/** The second pipe that is opened from now on is what `second` makes of it. Answers all that there were. */
function withSecondPipe(second: (pipe: OpenPipe) => OpenPipe): readonly OpenPipe[] {
  const libc = loadLibc()
  if (libc === undefined) return []
  const real = libc.pipe.bind(libc)
  const opened: OpenPipe[] = []
  const spy = vi.spyOn(libc, 'pipe').mockImplementation(() => {
    const pipe = real()
    opened.push(pipe)
    return opened.length === 2 ? second(pipe) : pipe
  })
  onTestFinished(() => spy.mockRestore())
  return opened
}

const closeBoth = ({ readEnd, writeEnd }: OpenPipe): void => [readEnd, writeEnd].forEach((fd) => closeSync(fd))

const children = (): readonly number[] => readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

test.each([
  [0, 0],
  [3 << 8, 3],
  [9, 137],
  [0x80 | 11, 139],
])('a status of %i is the exit code %i', (status, exitCode) => {
  expect(exitCodeOf(status)).toBe(exitCode)
})

describe.skipIf(loadLibc() === undefined)('a program started by calls of the C library', () => {
  test('has its words, variables, folder, and a pipe to us', async () => {
    const one = mustLaunch('echo "$A" $(pwd) >&3; echo oh >&2; exit 3', { env: { A: 'x  y', PATH: '/bin:/usr/bin' }, cwd: '/proc', stderr: 'pipe', extraPipe: true })
    expect(await Promise.all([read(one.extra), read(one.stderr), one.exited])).toEqual(['x  y /proc\n', 'oh\n', { exitCode: 3 }])
  })

  test('holds what Node would let it hold, and ignores no signal', async () => {
    const script = 'ls /proc/self/fd >&3; grep -E "^Sig(Ign|Blk)" /proc/self/status >&3'
    const ours = openSync('/proc/self/status', 'r')
    const text = await read(mustLaunch(script, { extraPipe: true }).extra)
    expect(text).toBe(String(spawnSync('/bin/sh', ['-c', script], { stdio: ['ignore', 'ignore', 'ignore', 'pipe'], encoding: 'utf8' }).output[3]))
    expect(text).toMatch(/SigBlk:\s0+\nSigIgn:\s0+\n$/)
    closeSync(ours)
  })

  test('writes where it was told, though we close that at once', async () => {
    const libc = loadLibc()
    const pipe = libc?.pipe() ?? { readEnd: -1, writeEnd: -1 }
    const one = mustLaunch('sleep 0.1; echo here', { stdout: pipe.writeEnd })
    closeSync(pipe.writeEnd)
    expect(readFileSync(pipe.readEnd, 'utf8')).toBe('here\n')
    closeSync(pipe.readEnd)
    expect(await one.exited).toEqual({ exitCode: 0 })
  })

  test('can be killed, and leaves no zombie', async () => {
    const one = mustLaunch('sleep 1000')
    one.kill(9)
    expect(await one.exited).toEqual({ exitCode: 137 })
    expect(() => process.kill(one.pid, 0)).toThrow('ESRCH')
    one.kill(9)
  })

  test('each of many is told its own end', async () => {
    const ends = await Promise.all(Array.from({ length: 40 }, (_, index) => mustLaunch(`exit ${index}`).exited))
    expect(ends.map(({ exitCode }) => exitCode)).toEqual(ends.map((_, index) => index))
  })

  test('is said to be missing', async () => {
    await expect(launch('/bin/no-such-program', [])).rejects.toMatchObject({ code: 'unsupported', message: 'cannot run /bin/no-such-program: is it installed?' })
    await expect(launch('/bin/sh', [], { cwd: '/no-such-folder', stderr: 'pipe' })).rejects.toMatchObject({ code: 'unsupported' })
  })

  test('keeps no pipe open where the next one cannot be opened', () => {
    const opened = withSecondPipe((pipe) => {
      closeBoth(pipe)
      throw new Fault('exhausted', 'open a pipe: EMFILE')
    })
    expect(() => launchQuickly('/bin/true', [], { stderr: 'pipe', extraPipe: true })).toThrow('EMFILE')
    expect(opened).toHaveLength(2)
    for (const fd of opened.flatMap(({ readEnd, writeEnd }) => [readEnd, writeEnd])) expect(() => fstatSync(fd)).toThrow('EBADF')
  })

  test('does not run on, and leaves no zombie, where its output cannot be read', async () => {
    const before = children()
    const opened = withSecondPipe((pipe) => {
      closeSync(pipe.readEnd)
      // No stream of Node's reads a file so.
      return { ...pipe, readEnd: openSync('/dev/null', 'r') }
    })
    expect(() => launchQuickly('/bin/sleep', ['300'], { stderr: 'pipe', extraPipe: true })).toThrow('Unsupported fd type')
    for (const fd of opened.map(({ readEnd }) => readEnd)) expect(() => fstatSync(fd)).toThrow('EBADF')
    const pids = children().filter((pid) => !before.includes(pid))
    expect(pids).toHaveLength(1)
    await vi.waitFor(() => pids.forEach((pid) => expect(() => process.kill(pid, 0)).toThrow('ESRCH')), { timeout: 60_000 })
  })

  test('is left to Node where it is to be found, or given something to read', () => {
    expect(launchQuickly('sh', [], {})).toBeUndefined()
    expect(launchQuickly('/bin/sh', [], { stdin: 'pipe' })).toBeUndefined()
  })
})
