import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { linesOf } from './lines.ts'
import { parseDockerfile } from './parse.ts'

const parsed = (text: string) => {
  const result = parseDockerfile(text)
  if (result.kind === 'invalid') throw new Error(result.problems.join('\n'))
  return result.file
}
/** The instructions of the only stage, without where they stand. */
const instructions = (...lines: readonly string[]): readonly unknown[] => parsed(['FROM x', ...lines].join('\n')).stages[0]?.instructions.map(({ line: _line, text: _text, ...work }) => work) ?? []
const problems = (text: string): readonly string[] => {
  const result = parseDockerfile(text)
  return result.kind === 'invalid' ? result.problems : []
}

describe('lines', () => {
  const texts = (text: string): ReadonlyArray<readonly [number, string]> => linesOf(text).lines.map(({ line, text: one }) => [line, one])

  test('long ones, and many documents, are soon read', () => {
    const blanks = `RUN a${' '.repeat(1_000_000)}b`
    const names = Array.from({ length: 40_000 }, (_, at) => `E${at}`)
    const documents = `RUN ${names.map((name) => `<<${name}`).join(' ')}\n${names.join('\n')}`
    const lines = runInNewContext('work()', { work: () => [linesOf(blanks), linesOf(documents)].map((read) => read.lines.length) }, { timeout: 30_000 }) as readonly number[]
    expect(lines).toEqual([1, 1])
  }, 120_000)

  test('are joined where they go on; comments and empty lines between are nobody’s', () => {
    expect(texts('\ufeffFROM a \\\r\n  AS b\r\n\n# no\nRUN one && \\\n  # a comment\n\n  two \\  \n  three\nRUN c:\\\\\nCMD x \\')).toEqual([
      [1, 'FROM a   AS b'],
      [5, 'RUN one &&   two   three'],
      [10, 'RUN c:\\\\'],
      [11, 'CMD x'],
    ])
  })

  test('directives count above all else, and another character may continue lines', () => {
    expect(linesOf('# syntax=docker/dockerfile:1\n# escape=`\nFROM a `\n as b\nRUN dir \\\nCMD x')).toMatchObject({ escape: '`', lines: [{ text: 'FROM a  as b' }, { text: 'RUN dir \\' }, { text: 'CMD x' }] })
    expect(linesOf('# a comment\n# escape=`\nFROM a').escape).toBe('\\')
    expect(linesOf('# escape=x').problems).toEqual([{ line: 1, message: 'invalid escape directive "x": it must be \\ or `' }])
    expect(linesOf('# escape=\\\n# escape=`').problems).toEqual([{ line: 2, message: 'only one escape directive can be used' }])
  })

  test('texts stand below the instructions that announce them, and nowhere else', () => {
    const { lines } = linesOf('RUN <<EOF\n  a # no comment\n\\\nEOF\nCOPY <<-"ONE" <<two /x/\n\t$A\n\tONE\nb\ntwo\nENV A="<<EOF"\nRUN echo "<<EOF" $((1<<2)) <<<x')
    expect(lines.map(({ text, heredocs }) => [text, heredocs.map(({ name, content, expands }) => [name, content, expands])])).toEqual([
      ['RUN <<EOF', [['EOF', '  a # no comment\n\\\n', true]]],
      ['COPY <<-"ONE" <<two /x/', [['ONE', '$A\n', false], ['two', 'b\n', true]]],
      ['ENV A="<<EOF"', []],
      ['RUN echo "<<EOF" $((1<<2)) <<<x', []],
    ])
    expect(linesOf('FROM a\nRUN <<EOF\nx').problems).toEqual([{ line: 2, message: 'unterminated heredoc EOF: no line "EOF" follows' }])
  })
})

describe('instructions', () => {
  test('stages, with global arguments before them', () => {
    const { globals, stages } = parsed('ARG A=1 B\nFROM --platform=$BUILDPLATFORM img:$A AS Build\nRUN x\nfrom build')
    expect(globals.map((one) => one.args)).toEqual([[{ name: 'A', value: '1' }, { name: 'B', value: undefined }]])
    expect(stages.map(({ index, name, base, platform, instructions: all }) => [index, name, base, platform, all.length])).toEqual([[0, 'build', 'img:$A', '$BUILDPLATFORM', 1], [1, undefined, 'build', undefined, 0]])
  })

  test.each<readonly [string, unknown]>([
    ['RUN ["a", "b c"]', { kind: 'run', command: { form: 'exec', words: ['a', 'b c'] }, heredocs: [], mounts: [], network: undefined }],
    ["RUN ['a']", { kind: 'run', command: { form: 'shell', text: "['a']" }, heredocs: [], mounts: [], network: undefined }],
    ['RUN --mount=type=cache,target=/c,RO --network=none a', { kind: 'run', command: { form: 'shell', text: 'a' }, heredocs: [], mounts: [{ type: 'cache', target: '/c', ro: 'true' }], network: 'none' }],
    ['COPY --from=b --chown=1:2 --chmod=755 --link a b/ c/', { kind: 'copy', sources: ['a', 'b/'], files: [], destination: 'c/', from: 'b', owner: '1:2', mode: '755', excluded: [], parents: false, unpack: false, unpackFetched: false, checksum: undefined }],
    ['ADD --checksum=$S --unpack https://a/b c', { kind: 'add', sources: ['https://a/b'], files: [], destination: 'c', from: undefined, owner: undefined, mode: undefined, excluded: [], parents: false, unpack: true, unpackFetched: true, checksum: '$S' }],
    ['ADD ["a b", "/c"]', { kind: 'add', sources: ['a b'], files: [], destination: '/c', from: undefined, owner: undefined, mode: undefined, excluded: [], parents: false, unpack: true, unpackFetched: false, checksum: undefined }],
    ['ENV a=1 "b"="x y" c=\\ d', { kind: 'env', pairs: [['a', '1'], ['"b"', '"x y"'], ['c', '\\ d']] }],
    ['ENV a the rest  of it', { kind: 'env', pairs: [['a', 'the rest  of it']] }],
    ['LABEL a.b/c="d e"', { kind: 'label', pairs: [['a.b/c', '"d e"']] }],
    ['ARG a="x y" b', { kind: 'arg', args: [{ name: 'a', value: '"x y"' }, { name: 'b', value: undefined }] }],
    ['CMD echo [x]', { kind: 'cmd', command: { form: 'shell', text: 'echo [x]' } }],
    ['ENTRYPOINT ["/x"]', { kind: 'entrypoint', command: { form: 'exec', words: ['/x'] } }],
    ['SHELL ["/bin/bash", "-c"]', { kind: 'shell', shell: ['/bin/bash', '-c'] }],
    ['EXPOSE 80 53/udp', { kind: 'expose', values: ['80', '53/udp'] }],
    ['VOLUME /a /b', { kind: 'volume', values: ['/a', '/b'] }],
    ['VOLUME ["/a b"]', { kind: 'volume', values: ['/a b'] }],
    ['WORKDIR /a b', { kind: 'workdir', value: '/a b' }],
    ['USER a:b', { kind: 'user', value: 'a:b' }],
    ['STOPSIGNAL SIGQUIT', { kind: 'stopsignal', value: 'SIGQUIT' }],
    ['ONBUILD RUN x', { kind: 'onbuild', trigger: 'RUN x' }],
    ['HEALTHCHECK --interval=1m30s --retries=3 CMD ["a"]', { kind: 'healthcheck', check: { test: ['CMD', 'a'], intervalNanos: 90e9, retries: 3 } }],
    ['HEALTHCHECK NONE', { kind: 'healthcheck', check: { test: ['NONE'] } }],
    ['MAINTAINER some one', { kind: 'maintainer', value: 'some one' }],
  ])('%s', (line, work) => {
    expect(instructions(line)).toEqual([work])
  })

  test.each<readonly [string, string]>([
    ['RUNN x', 'unknown instruction: RUNN (did you mean RUN?)'],
    ['constructor x', 'unknown instruction: constructor'],
    ['WORKDIR', 'WORKDIR requires exactly one argument'],
    ['USER a b', 'USER requires exactly one argument'],
    ['COPY a', 'COPY requires at least two arguments: what, and where to'],
    ['COPY --fron=a b c', 'unknown flag: --fron (did you mean --from?) for COPY'],
    ['COPY http://a/b c', "source can't be a URL for COPY: http://a/b"],
    ['ADD git@a:b.git c', 'ADD of git@a:b.git: only http:// and https:// are fetched by ADD here: fetch it in a RUN step, or beforehand into the context'],
    ['COPY https://a/b c', "source can't be a URL for COPY: https://a/b"],
    ['ADD --checksum=sha256:0 https://a/b https://a/c /d/', "checksum can't be specified for multiple sources"],
    ['ENV a=1 b', 'syntax error - can\'t find = in "b". Must be of the form: name=value'],
    ['ENV a', 'ENV must have two arguments: ENV NAME=VALUE'],
    ['ARG 1=2', '"1" cannot be the name of an ARG'],
    ['SHELL bash', 'SHELL requires the arguments to be in JSON form: SHELL ["/bin/bash", "-c"]'],
    ['ONBUILD ONBUILD RUN x', "chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
    ['ONBUILD FROM x', "FROM isn't allowed as an ONBUILD trigger"],
    ['RUN --network=mine x', 'unsupported network mode "mine": default, none or host'],
    ['RUN --security=insecure x', '--security=insecure is not allowed: commands of a build have the rights of a container, and no more'],
    ['HEALTHCHECK --interval=5 CMD x', '--interval must be a time such as 30s or 1m30s'],
    ['FROM a b', 'FROM requires either one or three arguments: FROM IMAGE [AS NAME]'],
    ['FROM a AS 1b', 'invalid name for build stage: "1b", name can\'t start with a number or contain symbols'],
    ['FROM a AS scratch', 'a stage cannot be called scratch: that is the empty image'],
  ])('%s is refused', (line, message) => {
    expect(problems(`FROM x\n\n${line}`)).toEqual([`Dockerfile:3: ${message}`])
  })

  test('all that is wrong is told at once', () => {
    expect(problems('RUN early\nFROM a as b\nNO\nFROM c as B')).toEqual(['Dockerfile:1: no build stage in current context: only ARG may stand before the first FROM, not RUN', 'Dockerfile:3: unknown instruction: NO', 'Dockerfile:4: two stages are called b'])
    expect(problems('# nothing\n')).toEqual(['Dockerfile: file with no instructions: a Dockerfile begins with FROM'])
  })
})
