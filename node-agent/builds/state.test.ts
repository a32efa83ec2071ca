import { describe, expect, test } from 'vitest'
import { type Budget, MOST_SAID, newBudget } from '../../shared/model/dockerfile/budget.ts'
import { parseDockerfile } from '../../shared/model/dockerfile/parse.ts'
import type { Digest } from '../images/digest.ts'
import type { BuiltLayer } from '../images/build-store.ts'
import { copyKey, datedKey, folderKey, runKey, type CopyStep, type RunStep } from './keys.ts'
import { applyMetadata, documentOf, isMetadata, pathIn, type StageState, variablesOf, withHistory } from './state.ts'

const empty: StageState = { document: { os: 'linux' }, config: {}, layers: [], history: [], created: '2020-01-01T00:00:00Z', args: {}, hasOwnCommand: false }

function after(lines: readonly string[], { state = empty, args = {}, globals = {}, budget = newBudget() }: { readonly state?: StageState; readonly budget?: Budget; readonly args?: Readonly<Record<string, string>>; readonly globals?: Readonly<Record<string, string>> } = {}): StageState & { readonly said: readonly string[] } {
  const parsed = parseDockerfile(['FROM x', ...lines].join('\n'))
  if (parsed.kind === 'invalid') throw new Error(parsed.problems.join('\n'))
  let now = state
  const said: string[] = []
  for (const instruction of parsed.file.stages[0]?.instructions ?? []) {
    if (!isMetadata(instruction)) continue
    const applied = applyMetadata(now, instruction, { escape: '\\', args, globals, budget })
    if (applied.kind === 'invalid') throw new Error(applied.message)
    now = applied.state
    said.push(applied.createdBy)
  }
  return { ...now, said }
}

describe('what instructions say of an image', () => {
  test('variables: an ENV counts more than an ARG, and is replaced in its place; one line sees what was before it', () => {
    const state = after(['ARG A=arg B', 'ENV A=env C=$A', 'ENV A=$A-2 D="$B $C"', 'ENV old the $A way'], { args: { B: 'given' } })
    expect(state.config.Env).toEqual(['A=env-2', 'C=arg', 'D=given arg', 'old=the env-2 way'])
    expect(variablesOf(state)).toMatchObject({ A: 'env-2', B: 'given' })
    expect(state.said.slice(0, 2)).toEqual(['ARG A=arg B=given', 'ENV A=env C=arg'])
  })

  test('arguments: the command line before the default, a global one where there is no default, nothing that was not asked for', () => {
    const { args } = after(['ARG A=1', 'ARG G', 'ARG H=own', 'ARG TARGETARCH', 'ARG NONE'], { args: { A: '2', X: '3' }, globals: { G: 'global', H: 'global', TARGETARCH: 'arm64' } })
    expect(args).toEqual({ A: '2', G: 'global', H: 'own', TARGETARCH: 'arm64' })
  })

  test('variables made of each other come to an end', () => {
    const doubling = Array.from({ length: 60 }, () => 'ENV A=$A$A')
    expect(() => after(['ENV A=xxxxxxxx', ...doubling])).toThrow(/^its variables make more than 1048576 characters of one word$/)
    expect(() => after(['ARG A=xxxxxxxx', ...doubling.map((line) => line.replace('ENV', 'ARG'))])).toThrow(/of one word$/)
    expect(() => after(['ENV A=xxxxxxxx', ...Array.from({ length: 60 }, () => 'ENV A=${A:+$A$A}')])).toThrow(/of one word$/)
    const budget = newBudget()
    let state = after([`ENV A=${'x'.repeat(1 << 19)}`]) as StageState
    let problem: string | undefined
    for (let at = 0; at < 100 && problem === undefined; at++) {
      const applied = applyMetadata(state, { kind: 'label', pairs: [['l', '$A']], line: 1, text: '' }, { escape: '\\', args: {}, globals: {}, budget })
      if (applied.kind === 'invalid') problem = applied.message
      else state = withHistory(applied.state, applied.createdBy)
    }
    expect([problem, state.history.length]).toEqual(['its variables make more than 16777216 characters', 31])
    expect(() => after([`ENV ${Array.from({ length: 2001 }, (_, at) => `A${at}=`).join(' ')}`])).toThrow(/^there may be 2000 variables$/)
    expect(after(['ENV A=x', ...doubling.slice(0, 10)]).config.Env?.[0]).toHaveLength(2 + 1024)
  })

  test('many variables of one line, too, are counted while they are made, over all stages of a build', () => {
    const long = ['ENV A=x', ...Array.from({ length: 18 }, () => 'ENV A=$A$A')]
    for (const kind of ['ENV', 'ARG', 'LABEL']) {
      const budget = newBudget()
      expect(() => after([...long, `${kind} ${Array.from({ length: 1900 }, (_, at) => `v${at}=$A$A`).join(' ')}`], { budget }), kind).toThrow(/^its variables make more than 16777216 characters$/)
      // That which was too much, and nothing after it.
      expect(budget.made, kind).toBeLessThanOrEqual(MOST_SAID + (1 << 19))
    }
    const budget = newBudget()
    const stages = Array.from({ length: 40 }, () => (): unknown => after([...long, 'USER $A'], { budget }))
    expect(() => stages.forEach((stage) => stage())).toThrow(/^its variables make more than 16777216 characters$/)
  })

  test('there may be so many labels and arguments, and what a line makes of little is counted', () => {
    const many = Array.from({ length: 2001 }, (_, at) => `A${at}=`).join(' ')
    expect(() => after([`LABEL ${many}`])).toThrow(/^there may be 2000 labels$/)
    expect(() => after([`ARG ${many}`])).toThrow(/^there may be 2000 arguments$/)
    const given = { A: 'x'.repeat(1 << 20) }
    expect(() => after([`ARG ${'A '.repeat(1900)}`], { args: given })).toThrow(/^its variables make more than 16777216 characters$/)
    expect(() => after([`EXPOSE ${'1-65535 '.repeat(2000)}`])).toThrow(/^its variables make more than 16777216 characters$/)
    expect(Object.keys(after(['EXPOSE 1-65535']).config.ExposedPorts ?? {})).toHaveLength(65_535)
  })

  test('commands: ENTRYPOINT drops one of the base, and none of its own', () => {
    const base = { ...empty, config: { Cmd: ['base'] } }
    expect(after(['ENTRYPOINT ["e"]'], { state: base }).config).toMatchObject({ Entrypoint: ['e'], Cmd: [] })
    expect(after(['CMD c', 'ENTRYPOINT ["e"]'], { state: base }).config).toMatchObject({ Cmd: ['/bin/sh', '-c', 'c'], Entrypoint: ['e'] })
    expect(after(['SHELL ["/bin/bash","-c"]', 'CMD c']).config.Cmd).toEqual(['/bin/bash', '-c', 'c'])
  })

  test('folders, users, ports and the rest', () => {
    const { config, document } = after(['WORKDIR /a', 'WORKDIR b/../c', 'USER $U', 'EXPOSE 80 90-92/udp', 'VOLUME ["/v"]', 'LABEL a=1 b="2 3"', 'STOPSIGNAL SIGINT', 'ONBUILD RUN x', 'MAINTAINER me', 'HEALTHCHECK --timeout=2s CMD a b'])
    expect(config).toEqual({ WorkingDir: '/a/c', User: '', ExposedPorts: { '80/tcp': {}, '90/udp': {}, '91/udp': {}, '92/udp': {} }, Volumes: { '/v': {} }, Labels: { a: '1', b: '2 3' }, StopSignal: 'SIGINT', OnBuild: ['RUN x'], Healthcheck: { Test: ['CMD-SHELL', 'a b'], Timeout: 2e9 } })
    expect(document).toEqual({ os: 'linux', author: 'me' })
    expect([pathIn({}, 'x'), pathIn({ WorkingDir: '/w' }, './x/..'), pathIn({}, '/../..')]).toEqual(['/x', '/w', '/'])
  })

  test('the document is the same for the same build; a time that is given is the time of all steps of ours', () => {
    const state = { ...after(['LABEL a=1']), history: [{ created: 'old', created_by: 'base' }, { created: 'now', created_by: 'x', comment: 'gantry image build' }] }
    const made = documentOf(state, { labels: { b: '2' }, created: '2001-01-01T00:00:00Z' })
    expect(made).toMatchObject({ created: '2001-01-01T00:00:00Z', config: { Labels: { a: '1', b: '2' } }, history: [{ created: 'old' }, { created: '2001-01-01T00:00:00Z' }] })
    expect(JSON.stringify(documentOf(state, { labels: { b: '2' }, created: '2001-01-01T00:00:00Z' }))).toBe(JSON.stringify(made))
  })
})

describe('keys', () => {
  const layer = (diffId: string): BuiltLayer => ({ blob: diffId as Digest, diffId: diffId as Digest, sizeBytes: 1, mediaType: '', folder: 'f' })
  const run: RunStep = { words: ['sh', '-c', 'x'], script: '', env: ['A=1', 'B=2'], args: { C: '3', D: '4' }, user: '', workingDir: '/', network: 'default', mounts: [], mounted: [] }
  const copy: CopyStep = { kind: 'copy', destination: '/a', owner: '', mode: '', options: [], contents: ['a sha256:1'] }

  test('are the same for the same work on the same files, wherever the layers lie', () => {
    expect(runKey([layer('1')], run)).toBe(runKey([{ ...layer('1'), folder: 'other' }], { ...run, env: ['B=2', 'A=1'], args: { D: '4', C: '3' } }))
  })

  test.each<readonly [string, Partial<RunStep>]>([
    ['command', { words: ['sh', '-c', 'y'] }],
    ['script', { script: 'x' }],
    ['variables', { env: ['A=1'] }],
    ['build arguments', { args: { C: '3' } }],
    ['user', { user: '1' }],
    ['folder', { workingDir: '/b' }],
    ['network', { network: 'none' }],
    ['mounts', { mounts: [{ type: 'cache', target: '/c' }] }],
    ['files mounted', { mounted: ['sha256:1'] }],
  ])('of commands differ with their %s', (_what, more) => {
    expect(runKey([], { ...run, ...more })).not.toBe(runKey([], run))
  })

  test.each<readonly [string, Partial<CopyStep>]>([
    ['kind', { kind: 'add' }],
    ['destination', { destination: '/b' }],
    ['owner', { owner: '1' }],
    ['mode', { mode: '755' }],
    ['contents', { contents: ['a sha256:2'] }],
    ['names', { contents: ['b sha256:1'] }],
  ])('of copies differ with their %s', (_what, more) => {
    expect(copyKey([], { ...copy, ...more })).not.toBe(copyKey([], copy))
  })

  test('differ with the layers below, and by the kind of step', () => {
    const [folder, another] = [{ path: '/a', user: '' }, { path: '/a', user: '33' }]
    expect(new Set([folderKey([], folder), folderKey([], another), folderKey([layer('1')], folder), folderKey([layer('1'), layer('2')], folder), folderKey([layer('2'), layer('1')], folder), copyKey([], copy), runKey([], run)]).size).toBe(7)
  })

  test('differ with the time that no file may be newer than', () => {
    const key = copyKey([], copy)
    expect(datedKey(key, undefined)).toBe(key)
    expect(new Set([key, datedKey(key, 0), datedKey(key, 1)]).size).toBe(3)
  })
})
