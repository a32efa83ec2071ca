import type { Dockerfile, Instruction, Stage } from './instruction.ts'
import { linesOf } from './lines.ts'
import { parseLine } from './parse-instruction.ts'

/** What a Dockerfile says, or all that is wrong with it, `FILE:LINE: message` each. Pure. */
export type ParsedDockerfile = { readonly kind: 'ok'; readonly file: Dockerfile } | { readonly kind: 'invalid'; readonly problems: readonly string[] }

interface OpenStage extends Stage {
  readonly instructions: Instruction[]
}

/** More would make of a build what nobody wrote by hand: each of them looks at what is known by then. */
const MOST_INSTRUCTIONS = 5000

/** @param name of the file, for messages */
export function parseDockerfile(text: string, name = 'Dockerfile'): ParsedDockerfile {
  const { escape, lines, problems: wrongLines } = linesOf(text)
  if (lines.length > MOST_INSTRUCTIONS) return { kind: 'invalid', problems: [`${name}: ${lines.length} instructions: there may be ${MOST_INSTRUCTIONS}`] }
  const problems = [...wrongLines]
  const warnings: string[] = []
  const globals: Array<Dockerfile['globals'][number]> = []
  const stages: OpenStage[] = []
  for (const line of lines) {
    const parsed = parseLine(line, escape)
    if (parsed.kind === 'invalid') {
      problems.push({ line: line.line, message: parsed.message })
      continue
    }
    if (parsed.kind === 'from') {
      const twice = parsed.name !== undefined && stages.some((stage) => stage.name === parsed.name)
      if (twice) problems.push({ line: line.line, message: `two stages are called ${parsed.name ?? ''}` })
      stages.push({ index: stages.length, name: parsed.name, line: line.line, text: line.text, base: parsed.base, platform: parsed.platform, instructions: [] })
      continue
    }
    if (parsed.warning !== undefined) warnings.push(`${name}:${line.line}: ${parsed.warning}`)
    const { instruction } = parsed
    const stage = stages.at(-1)
    if (stage !== undefined) stage.instructions.push(instruction)
    else if (instruction.kind === 'arg') globals.push(instruction)
    else problems.push({ line: line.line, message: `no build stage in current context: only ARG may stand before the first FROM, not ${instruction.kind.toUpperCase()}` })
  }
  if (stages.length === 0 && problems.length === 0) return { kind: 'invalid', problems: [`${name}: file with no instructions: a Dockerfile begins with FROM`] }
  if (problems.length > 0) return { kind: 'invalid', problems: problems.toSorted((a, b) => a.line - b.line).map(({ line, message }) => `${name}:${line}: ${message}`) }
  return { kind: 'ok', file: { escape, globals, stages, warnings } }
}

/** An instruction that an image brings with it (ONBUILD). */
export function parseTrigger(text: string, line: number): { readonly kind: 'ok'; readonly instruction: Instruction } | { readonly kind: 'invalid'; readonly message: string } {
  const parsed = parseLine({ line, text, heredocs: [] }, '\\')
  if (parsed.kind === 'invalid') return parsed
  return parsed.kind === 'from' ? { kind: 'invalid', message: "FROM isn't allowed as an ONBUILD trigger" } : { kind: 'ok', instruction: parsed.instruction }
}
