import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expandText, expandWord } from './expand.ts'
import { ignoreRules, parseIgnore } from './ignore.ts'
import { parseDockerfile } from './parse.ts'
import { planBuild } from './plan.ts'

const word = fc.constantFrom('FROM', 'RUN', 'COPY', 'ADD', 'ARG', 'ENV', 'ONBUILD', 'HEALTHCHECK', 'SHELL', 'scratch', 'AS', 'a', '--from=a', '--mount=type=cache,target=/x', '<<EOF', 'EOF', '\\', '`', '# escape=`', '["a"', '"', "'", '${A:-b}', '${', '$', '=', 'A=1', '\n', ' ', '/', '**', '[', '!', '{}', '\t', '\u0000', 'ü')
const text = fc.oneof(fc.string({ maxLength: 60 }), fc.array(word, { maxLength: 25 }).map((words) => words.join(' ')), fc.array(word, { maxLength: 25 }).map((words) => words.join('')))

test('safety: any text is a Dockerfile or is refused with a line, and a plan of it is a plan or a refusal', () => {
  fc.assert(
    fc.property(text, text, (one, target) => {
      const parsed = parseDockerfile(one)
      if (parsed.kind === 'invalid') {
        expect(parsed.problems.filter((problem) => !/^Dockerfile:(?:\d+:)? /.test(problem))).toEqual([])
        return
      }
      for (const stage of parsed.file.stages) expect(stage.line).toBeGreaterThan(0)
      const plan = planBuild(parsed.file, { name: 'Dockerfile', target, args: { A: '1' }, platform: { os: 'linux', architecture: 'amd64' } })
      expect(['ok', 'invalid']).toContain(plan.kind)
    }),
    { numRuns: 2000 },
  )
})

test('safety: any word is replaced or refused, and one without anything special in it stays as it is', () => {
  fc.assert(
    fc.property(text, (one) => {
      for (const expand of [expandWord, expandText]) expect(['ok', 'invalid']).toContain(expand(one, { A: 'x' }).kind)
      if (!/[$\\'"]/.test(one)) expect(expandWord(one, {})).toEqual({ kind: 'ok', text: one })
    }),
    { numRuns: 2000 },
  )
})

test('safety: any patterns judge any path; what the last of them keeps is kept', () => {
  fc.assert(
    fc.property(text, text, (patterns, path) => {
      expect(typeof parseIgnore(patterns).ignores(path)).toBe('boolean')
      expect(ignoreRules([...patterns.split('\n'), '!**']).ignores('a/b')).toBe(false)
    }),
    { numRuns: 1000 },
  )
})
