import { suggest } from '../suggest.ts'
import { type Budget, MOST_SAID, newBudget, SAYS_TOO_MUCH } from './budget.ts'
import { expandWord, type Variables } from './expand.ts'
import type { Dockerfile, Instruction, Stage } from './instruction.ts'

/** Which stages of a Dockerfile a build needs, in order, and what each begins with. Pure. */
export type BuildPlan = { readonly kind: 'ok'; readonly stages: readonly PlannedStage[]; readonly globals: Variables; readonly warnings: readonly string[] } | { readonly kind: 'invalid'; readonly problems: readonly string[] }

export interface PlannedStage {
  readonly stage: Stage
  readonly base: Base
  /** What its COPY --from and RUN --mount=from name, resolved. */
  readonly sources: ReadonlyMap<string, Base>
}

export type Base = { readonly kind: 'scratch' } | { readonly kind: 'stage'; readonly index: number } | { readonly kind: 'image'; readonly reference: string }

export interface PlanOptions {
  /** Of the file, for messages. */
  readonly name: string
  /** A stage's name or number; the last one unless given. */
  readonly target?: string | undefined
  readonly args: Variables
  /** Of the node that builds. */
  readonly platform: Platform
}

export interface Platform {
  readonly os: string
  readonly architecture: string
}

/** What every build knows of where it runs: visible to FROM, and in a stage that asks for it by ARG. */
export function platformArgs({ os, architecture }: Platform): Variables {
  const of = (prefix: string): Variables => ({ [`${prefix}PLATFORM`]: `${os}/${architecture}`, [`${prefix}OS`]: os, [`${prefix}ARCH`]: architecture, [`${prefix}VARIANT`]: '' })
  return { ...of('TARGET'), ...of('BUILD') }
}

export function planBuild(file: Dockerfile, options: PlanOptions): BuildPlan {
  const problems: string[] = []
  const warnings: string[] = []
  const at = (line: number, message: string): string => `${options.name}:${line}: ${message}`
  const budget = newBudget()
  const globals = globalArgs(file, options, { budget, problem: (line, message) => problems.push(at(line, message)) })
  const target = targetOf(file, options.target)
  if (target === undefined) {
    const meant = suggest(options.target ?? '', file.stages.flatMap(({ name }) => name ?? []))
    return { kind: 'invalid', problems: [...problems, `target stage ${JSON.stringify(options.target)} could not be found in ${options.name}${meant === undefined ? '' : ` (did you mean ${meant}?)`}`] }
  }
  const planned = new Map<number, PlannedStage>()
  // Stages look back only: a walk from the target down meets each before those it needs.
  const needed = new Set([target.index])
  for (let index = target.index; index >= 0; index--) {
    const stage = file.stages[index]
    if (stage === undefined || !needed.has(index)) continue
    const made = planStage(file, stage, { globals, budget, problem: (line, message) => problems.push(at(line, message)) })
    planned.set(index, made)
    for (const base of [made.base, ...made.sources.values()]) if (base.kind === 'stage') needed.add(base.index)
    const platform = stage.platform === undefined ? undefined : expandWord(stage.platform, globals, { escape: file.escape, budget })
    const own = `${options.platform.os}/${options.platform.architecture}`
    if (platform?.kind === 'ok' && platform.text !== '' && platform.text !== own) warnings.push(at(stage.line, `--platform=${platform.text} is not what this node is (${own}): the image for ${own} is taken`))
  }
  if (problems.length > 0) return { kind: 'invalid', problems }
  return { kind: 'ok', stages: [...planned.values()].toSorted((a, b) => a.stage.index - b.stage.index), globals, warnings }
}

/** Those before the first FROM, and what is known of the platform: a `--build-arg` counts more than a default. */
function globalArgs(file: Dockerfile, { args, platform }: PlanOptions, { budget, problem }: Omit<StageOptions, 'globals'>): Variables {
  const known: Record<string, string> = { ...platformArgs(platform), ...args }
  const own: Record<string, string> = { ...platformArgs(platform) }
  let made = 0
  for (const { name, value, line } of file.globals.flatMap((one) => one.args.map((arg) => ({ ...arg, line: one.line })))) {
    const expanded = expandWord(value ?? '', known, { escape: file.escape, budget })
    if (expanded.kind === 'invalid') problem(line, expanded.message)
    const given = Object.hasOwn(args, name) ? args[name] : value === undefined ? undefined : expanded.kind === 'ok' ? expanded.text : ''
    if (given === undefined) continue
    made += given.length
    if (made > MOST_SAID) {
      problem(line, SAYS_TOO_MUCH)
      return {}
    }
    own[name] = given
    known[name] = given
  }
  for (const [name, value] of Object.entries(args)) if (Object.hasOwn(own, name)) own[name] = value
  return own
}

function targetOf({ stages }: Dockerfile, target: string | undefined): Stage | undefined {
  if (target === undefined || target === '') return stages.at(-1)
  return stages.find(({ name }) => name === target.toLowerCase()) ?? (/^\d+$/.test(target) ? stages[Number(target)] : undefined)
}

interface StageOptions {
  readonly globals: Variables
  readonly budget: Budget
  readonly problem: (line: number, message: string) => void
}

function planStage(file: Dockerfile, stage: Stage, { globals, budget, problem }: StageOptions): PlannedStage {
  const expanded = expandWord(stage.base, globals, { escape: file.escape, budget })
  if (expanded.kind === 'invalid') problem(stage.line, expanded.message)
  const name = expanded.kind === 'ok' ? expanded.text : ''
  if (expanded.kind === 'ok' && name === '') problem(stage.line, `base name (${stage.base}) should not be blank: an ARG it is made of has no value`)
  const earlier = file.stages.slice(0, stage.index)
  const sources = new Map<string, Base>()
  for (const instruction of stage.instructions) {
    for (const from of sourcesOf(instruction)) {
      const base = sourceOf(from, earlier)
      if (base.kind === 'stage' || !isStageAhead(from, file, stage)) sources.set(from, base)
      else problem(instruction.line, `${from} is a stage that comes later: a stage takes files from those before it`)
    }
  }
  const base = earlier.find((one) => one.name === name.toLowerCase())
  return { stage, base: name === 'scratch' ? { kind: 'scratch' } : base === undefined ? { kind: 'image', reference: name } : { kind: 'stage', index: base.index }, sources }
}

/** Names of stages and images that files are taken from. */
export function sourcesOf(instruction: Instruction): readonly string[] {
  if (instruction.kind === 'copy' || instruction.kind === 'add') return instruction.from === undefined ? [] : [instruction.from]
  if (instruction.kind === 'run') return instruction.mounts.flatMap(({ from }) => from ?? [])
  return []
}

export function sourceOf(from: string, earlier: readonly Stage[]): Base {
  if (from.toLowerCase() === 'scratch') return { kind: 'scratch' }
  const named = earlier.find(({ name }) => name === from.toLowerCase()) ?? (/^\d+$/.test(from) ? earlier[Number(from)] : undefined)
  return named === undefined ? { kind: 'image', reference: from } : { kind: 'stage', index: named.index }
}

const isStageAhead = (from: string, { stages }: Dockerfile, stage: Stage): boolean => stages.slice(stage.index).some(({ name }) => name === from.toLowerCase()) || (/^\d+$/.test(from) && Number(from) >= stage.index)

/** Every image that the build asks for, once each. */
export const imagesOf = (stages: readonly PlannedStage[]): readonly string[] => [...new Set(stages.flatMap(({ base, sources }) => [base, ...sources.values()].flatMap((one) => (one.kind === 'image' ? [one.reference] : []))))]
