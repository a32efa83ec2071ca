import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BuildLine } from '../../../shared/model/image-api.ts'
import type { Call } from '../../program/command.ts'
import { parse } from '../../program/parse.ts'
import type { Terminal } from '../../program/terminal.ts'
import { image } from '../image.ts'
import { filesOf, ignoreRulesFor, uploadOf } from './context.ts'
import { createProgress } from './progress.ts'
import { readBuild } from './request.ts'

const folder = mkdtempSync(join(tmpdir(), 'gantry-cli-build-'))
const at = (name: string): string => join(folder, name)

beforeAll(() => {
  mkdirSync(at('src/deep'), { recursive: true })
  writeFileSync(at('Dockerfile'), 'ARG R=one.example\nFROM ${R}/a\nFROM two.example/b\nCOPY --from=0 /x /x\n')
  for (const name of ['a.md', 'src/b', 'src/deep/c', `src/${'long'.repeat(40)}`]) writeFileSync(at(name), name)
  symlinkSync('/etc/passwd', at('src/link'))
  writeFileSync(at('token'), 'hush')
  mkdirSync(at('.docker'))
  writeFileSync(at('.docker/config.json'), JSON.stringify({ auths: { 'one.example': { auth: 'b25lOjE=' }, 'two.example': { auth: 'dHdvOjI=' }, 'three.example': { auth: 'dDoz' } } }))
})
afterAll(() => rmSync(folder, { recursive: true }))

const command = image.subcommands?.find(({ name }) => name === 'build')

function callOf(words: readonly string[], env: Readonly<Record<string, string>> = {}, stdin = ''): Call {
  if (command === undefined) throw new Error('there is no command image build')
  const terminal: Terminal = { out: () => {}, err: () => {}, bytes: () => {}, readAll: async () => stdin, columns: undefined }
  return { command: 'image build', commands: [], ...parse(command, 'image build', words), terminal, env: { HOME: folder, ...env }, signal: new AbortController().signal, cluster: () => Promise.reject(new Error('no cluster')) }
}

describe('what is asked for', () => {
  test('all that is said, with logins for the registries of the base images alone', async () => {
    const { request, dockerfile } = await readBuild(callOf(['-t', 'a:1', '-t', 'b', '--build-arg', 'R=three.example', '--build-arg', 'HOME', '--build-arg', 'UNSET', '--label', 'x=y', '--secret', `id=t,src=${at('token')}`, '--secret', 'id=e,env=E', '--network', 'none', '--no-cache', folder], { E: 'v', SOURCE_DATE_EPOCH: '5' }))
    expect(dockerfile).toBe(at('Dockerfile'))
    expect(request).toEqual({ dockerfile: expect.stringContaining('FROM two.example/b') as string, name: 'Dockerfile', tags: ['a:1', 'b'], target: undefined, args: { SOURCE_DATE_EPOCH: '5', R: 'three.example', HOME: folder }, labels: { x: 'y' }, network: 'none', noCache: true, pull: false, secrets: { t: 'aHVzaA==', e: 'dg==' }, logins: { auths: { 'two.example': { auth: 'dHdvOjI=' }, 'three.example': { auth: 'dDoz' } } } })
  })

  test('a Dockerfile by standard input, and mistakes before anything is sent', async () => {
    expect((await readBuild(callOf(['-f', '-', folder], {}, 'FROM scratch'))).request.dockerfile).toBe('FROM scratch')
    await expect(readBuild(callOf(['-f', '-', folder], {}, 'FROM scratch\nCOPPY a b'))).rejects.toThrow('Dockerfile:2: unknown instruction: COPPY (did you mean COPY?)')
    await expect(readBuild(callOf(['--target', 'x', folder]))).rejects.toThrow('target stage "x" could not be found in Dockerfile')
    await expect(readBuild(callOf(['--network', 'mine', folder]))).rejects.toThrow('--network is default, none or host, not "mine"')
    await expect(readBuild(callOf(['--secret', 'src=x', folder]))).rejects.toThrow('a secret needs an id')
    await expect(readBuild(callOf([at('src')]))).rejects.toThrow('there is neither a Dockerfile nor a Containerfile')
    await expect(readBuild(callOf([]))).rejects.toThrow('which folder is to be built?')
  })
})

describe('the context', () => {
  const names = (ignore: string): readonly string[] => {
    writeFileSync(at('.dockerignore'), ignore)
    return filesOf(folder, ignoreRulesFor(folder, at('Dockerfile'))).map(({ entry }) => entry.name).filter((name) => !/long/.test(name))
  }

  test('is all that is not ignored; folders come with what is kept in them, once', () => {
    expect(names('.docker*\ntoken\n**/deep')).toEqual(['Dockerfile', 'a.md', 'src/', 'src/b', 'src/link'])
    expect(names('*\n!src/deep/c\n!src/b')).toEqual(['src/', 'src/b', 'src/deep/', 'src/deep/c'])
    writeFileSync(at('Dockerfile.dockerignore'), '*\n!a.md')
    expect(names('')).toEqual(['a.md'])
    rmSync(at('Dockerfile.dockerignore'))
  })

  test('is sent as long as was said, as a tar that every reader takes', async () => {
    names('.docker')
    const upload = uploadOf({ a: 1 }, filesOf(folder, ignoreRulesFor(folder, undefined)))
    const parts: Uint8Array[] = []
    for await (const part of upload.chunks()) parts.push(part)
    const all = Buffer.concat(parts)
    expect(all.length).toBe(upload.sizeBytes)
    const end = all.indexOf(10)
    expect(JSON.parse(all.toString('utf8', 0, end))).toEqual({ a: 1 })
    const listed = execFileSync('tar', ['-tvf', '-'], { input: all.subarray(end + 1), encoding: 'utf8' })
    expect(listed).toMatch(/lrwxrwxrwx \S+ +0 .* src\/link -> \/etc\/passwd\n/)
    expect(listed).toContain(`src/${'long'.repeat(40)}\n`)
  })

  test('keeps its length although a file shrinks or grows meanwhile', async () => {
    writeFileSync(at('a.md'), 'x'.repeat(1000))
    const files = filesOf(folder, ignoreRulesFor(folder, undefined))
    const upload = uploadOf({}, files)
    for (const content of ['y', 'y'.repeat(5000)]) {
      writeFileSync(at('a.md'), content)
      let size = 0
      for await (const part of upload.chunks()) size += part.length
      expect(size).toBe(upload.sizeBytes)
    }
  })
})

describe('progress', () => {
  const LINES: readonly BuildLine[] = [
    { kind: 'warning', message: 'w' },
    { kind: 'step', step: 1, name: '[1/2] FROM a', state: 'started', tookMs: 0 },
    { kind: 'step', step: 1, name: '[1/2] FROM a', state: 'cached', tookMs: 1 },
    { kind: 'step', step: 2, name: '[2/2] RUN x', state: 'started', tookMs: 0 },
    { kind: 'output', step: 2, text: 'one\ntw' },
    { kind: 'output', step: 2, text: 'o\nthree' },
    { kind: 'step', step: 2, name: '[2/2] RUN x', state: 'failed', tookMs: 1234 },
  ]
  const shown = (kind: 'tty' | 'plain' | 'quiet', columns?: number): { readonly text: string; readonly lastWords: string } => {
    let text = ''
    const progress = createProgress(kind, { out: () => {}, bytes: () => {}, readAll: async () => '', columns, err: (part) => void (text += part) })
    for (const line of LINES) progress.tell(line)
    const { lastWords } = progress
    progress[Symbol.dispose]()
    return { text, lastWords }
  }

  test('plain lines carry the number of their step', () => {
    expect(shown('plain').text.replace(/\d+\.\d{3}/g, 'T')).toBe('WARNING: w\n#1 [1/2] FROM a\n#1 CACHED\n\n#2 [2/2] RUN x\n#2 T one\n#2 T two\n#2 T three\n#2 ERROR\n\n')
  })

  test('a screen keeps one line for each step, and what a failed one said last is told again', () => {
    const { text, lastWords } = shown('tty', 60)
    expect(text).toContain(` => ${'[1/2] FROM a'.padEnd(48)} CACHED`)
    expect(text).toContain(`${' => [2/2] RUN x'.padEnd(53)} ERROR`)
    expect(lastWords).toBe('one\ntwo\nthree')
    expect(shown('quiet')).toEqual({ text: 'WARNING: w\n', lastWords: 'one\ntwo\nthree' })
  })
})
