import { expect, test } from 'vitest'
import { parseDockerfile } from './parse.ts'
import { type BuildPlan, imagesOf, planBuild, type PlanOptions } from './plan.ts'

function plan(text: string, options: Partial<PlanOptions> = {}): BuildPlan {
  const parsed = parseDockerfile(text)
  if (parsed.kind === 'invalid') throw new Error(parsed.problems.join('\n'))
  return planBuild(parsed.file, { name: 'Dockerfile', args: {}, platform: { os: 'linux', architecture: 'arm64' }, ...options })
}
function stages(text: string, options: Partial<PlanOptions> = {}): readonly unknown[] {
  const made = plan(text, options)
  return made.kind === 'ok' ? made.stages.map(({ stage, base }) => [stage.index, base.kind === 'image' ? base.reference : base.kind === 'stage' ? base.index : base.kind]) : made.problems
}

const FILE = 'ARG TAG=1\nFROM base:$TAG AS deps\nFROM deps AS build\nFROM other AS unused\nFROM scratch AS out\nCOPY --from=build /a /a\nCOPY --from=2 /b /b\nFROM out AS last\nRUN --mount=from=tools:1,target=/t x'

test('only what the target needs is built, in order', () => {
  expect(stages(FILE)).toEqual([[0, 'base:1'], [1, 0], [2, 'other'], [3, 'scratch'], [4, 3]])
  expect(stages(FILE, { target: 'BUILD', args: { TAG: '2' } })).toEqual([[0, 'base:2'], [1, 0]])
  expect(stages(FILE, { target: '2' })).toEqual([[2, 'other']])
  expect(stages(FILE, { target: 'bild' })).toEqual(['target stage "bild" could not be found in Dockerfile (did you mean build?)'])
})

test('every image is known before anything is done', () => {
  const made = plan(FILE)
  expect(made.kind === 'ok' ? imagesOf(made.stages) : []).toEqual(['base:1', 'other', 'tools:1'])
})

test('the platform is the node’s, and another one asked for is told', () => {
  expect(stages('FROM --platform=$BUILDPLATFORM a:$TARGETARCH')).toEqual([[0, 'a:arm64']])
  expect(plan('FROM --platform=linux/amd64 a')).toMatchObject({ warnings: ['Dockerfile:1: --platform=linux/amd64 is not what this node is (linux/arm64): the image for linux/arm64 is taken'] })
})

test('bases that are no names, and stages that come later', () => {
  expect(stages('ARG A\nFROM $A')).toEqual(['Dockerfile:2: base name ($A) should not be blank: an ARG it is made of has no value'])
  expect(stages('FROM a:${X:?unset}')).toEqual(['Dockerfile:1: X: unset'])
  expect(stages('FROM a AS one\nCOPY --from=two x y\nFROM b AS two\nCOPY --from=one x y')).toEqual(['Dockerfile:2: two is a stage that comes later: a stage takes files from those before it'])
})

test('global arguments made of each other come to an end', () => {
  const parsed = parseDockerfile(`ARG A=xxxxxxxx\n${'ARG A=$A$A\n'.repeat(60)}FROM x\n`)
  if (parsed.kind === 'invalid') throw new Error(parsed.problems.join())
  const plan = planBuild(parsed.file, { name: 'D', target: undefined, args: {}, platform: { os: 'linux', architecture: 'amd64' } })
  expect(plan).toMatchObject({ kind: 'invalid' })
  expect(plan.kind === 'invalid' && plan.problems.join()).toMatch(/^D:\d+: its variables make more than 1048576 characters of one word/)
})

test('there is an end to instructions', () => {
  expect(parseDockerfile(`FROM x\n${'USER a\n'.repeat(5000)}`)).toEqual({ kind: 'invalid', problems: ['Dockerfile: 5001 instructions: there may be 5000'] })
})

test('what arguments before the first stage look for is counted over all of them', () => {
  const made = plan(`ARG A=${'x'.repeat(1 << 20)}\n${'ARG B=${A//x/}\n'.repeat(100)}FROM x`)
  expect(made.kind === 'invalid' ? made.problems.filter((one) => one.endsWith('its patterns look for more than 16777216 characters in its variables')) : []).toHaveLength(93)
})
