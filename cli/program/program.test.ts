import { expect, test } from 'vitest'
import { Fault } from '../../shared/kit/faults.ts'
import { StatusProblem } from '../cluster/status-problem.ts'
import type { Command } from './command.ts'
import { parseDurationMs } from './duration.ts'
import { explain } from './explain.ts'
import { list, optional, text, toggle } from './flags.ts'
import { parse } from './parse.ts'
import { Problem } from './problem.ts'
import { run } from './run.ts'
import type { Terminal } from './terminal.ts'

const COMMAND: Command = {
  name: 'do',
  summary: 'Do',
  flags: [text('output', '', { short: 'o' }), list('filename', '', { short: 'f' }), toggle('watch', '', { short: 'w' }), toggle('wait', '', { default: 'true' }), toggle('no-headers', ''), optional('dry-run', '', { bare: 'client', default: 'none' }), text('tail', '', { default: '-1' }), toggle('stdin', '', { short: 'i' }), toggle('tty', '', { short: 't' }), text('container', '', { short: 'c' })],
}
const flagsOf = (...words: readonly string[]) => parse(COMMAND, 'do', words)

test("pflag's spellings", () => {
  for (const words of [['-o', 'yaml'], ['-oyaml'], ['-o=yaml'], ['--output', 'yaml'], ['--output=yaml']]) expect(flagsOf(...words).flags.text('output')).toBe('yaml')
  expect(flagsOf('-itc', 'web').flags.text('container')).toBe('web')
  expect(flagsOf('-itcweb').flags.is('tty')).toBe(true)
  expect(flagsOf('--watch=false').flags.is('watch')).toBe(false)
  expect(flagsOf('-w=true').flags.is('watch')).toBe(true)
  expect(flagsOf().flags.is('wait')).toBe(true)
  expect(flagsOf('--wait=false').flags.is('wait')).toBe(false)
  expect(flagsOf('--no-headers').flags.is('no-headers')).toBe(true)
  expect(flagsOf().flags.is('no-headers')).toBe(false)
  expect(flagsOf('--tail', '-1').flags.text('tail')).toBe('-1')
})

test('an optional value comes only after "="', () => {
  expect(flagsOf('--dry-run', 'x')).toMatchObject({ args: ['x'] })
  expect(flagsOf('--dry-run', 'x').flags.text('dry-run')).toBe('client')
  expect(flagsOf('--dry-run=server').flags.text('dry-run')).toBe('server')
  expect(flagsOf().flags.text('dry-run')).toBe('none')
  expect(flagsOf().flags.given('dry-run')).toBe(false)
})

test('arguments, repeated flags, and what follows "--"', () => {
  const { args, afterDash, flags } = flagsOf('a', '-f', 'x', 'b', '-n', 'shop', '--filename=y', '--', 'sh', '-c', '-o')
  expect([args, afterDash, flags.list('filename'), flags.text('namespace')]).toEqual([['a', 'b'], ['sh', '-c', '-o'], ['x', 'y'], 'shop'])
})

test.each([
  [['--outputt=x'], /unknown flag: --outputt.*did you mean --output/],
  [['-z'], /unknown shorthand flag: 'z' in -z/],
  [['--output'], /flag needs an argument: --output/],
])('%j is refused', (words, message) => {
  expect(() => flagsOf(...words)).toThrow(message)
})

test('durations as Go writes them', () => {
  expect(['90s', '1m30s', '1h', '500ms', '0', '10', '-1s'].map(parseDurationMs)).toEqual([90_000, 90_000, 3_600_000, 500, 0, 10_000, -1_000])
  expect(() => parseDurationMs('1x')).toThrow(/invalid duration "1x"/)
})

async function typed(...words: readonly string[]): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  let [out, err] = ['', '']
  const terminal: Terminal = { out: (part) => void (out += part), err: (part) => void (err += part), bytes: (part) => void (out += Buffer.from(part).toString()), readAll: () => Promise.resolve(''), columns: undefined }
  const code = await run(words, { terminal, env: { HOME: '/nonexistent' }, signal: new AbortController().signal })
  return { code, out, err }
}

test('help, and commands that are not there', async () => {
  expect((await typed()).out).toContain('get')
  expect((await typed('help', 'get')).out).toContain('gantry get')
  expect((await typed('rollout', 'undo', '--help')).out).toContain('gantry rollout undo')
  expect((await typed('-n', 'x', 'rollout')).out).toContain('Available Commands')
  expect(await typed('gett')).toMatchObject({ code: 1, err: 'error: unknown command "gett" for "gantry"\n\nDid you mean this?\n\tget\n' })
  expect(await typed('lab', 'upp')).toMatchObject({ code: 1, err: expect.stringContaining('unknown command "upp" for "gantry lab"') as string })
  expect((await typed('completion', 'bash')).out).toContain('complete -F _gantry gantry')
  expect((await typed('__complete', 'roll')).out).toBe('rollout\n')
  expect((await typed('__complete', 'rollout', 'un')).out).toBe('undo\n')
})

test('a word too many is refused where it would mean something else without it', async () => {
  expect(await typed('lab', 'down', 'two')).toEqual({ code: 1, out: '', err: "error: unexpected arguments: two (a lab is named by --name)\nSee 'gantry lab down -h' for help and examples\n" })
  expect(await typed('version', '--client', 'x', '--', 'y')).toEqual({ code: 1, out: '', err: "error: unexpected arguments: x y\nSee 'gantry version -h' for help and examples\n" })
})

test('a server that is not there is told with what to do', async () => {
  const { code, err } = await typed('get', 'pods', '--server', 'http://127.0.0.1:1', '--cache-dir', '/nonexistent/cache')
  expect(code).toBe(1)
  expect(err).toMatch(/^The connection to the server 127\.0\.0\.1:1 was refused - did you specify the right host or port\?\n.*gantry lab up/)
})

test('failures in words', () => {
  expect(explain(new Problem('x'))).toEqual({ message: 'error: x', exitCode: 1 })
  expect(explain(new Problem('command terminated with exit code 7', { exitCode: 7, bare: true }))).toEqual({ message: 'command terminated with exit code 7', exitCode: 7 })
  expect(explain(new StatusProblem({ reason: 'NotFound', code: 404, message: 'pods "x" not found' })).message).toBe('Error from server (NotFound): pods "x" not found')
  expect(explain(new StatusProblem({ reason: 'Invalid', details: { kind: 'Pod', name: 'x', causes: [{ field: 'a', message: 'b' }] } })).message).toBe('The Pod "x" is invalid: a: b')
  expect(explain(new StatusProblem({ reason: 'Invalid', details: { kind: 'Pod', name: 'x', causes: [{ field: 'a', message: 'b' }, { field: 'c', message: 'd' }] } })).message).toBe('The Pod "x" is invalid: \n* a: b\n* c: d')
  expect(explain(new Fault('cancelled', ''))).toEqual({ message: '', exitCode: 130 })
})
