import { suggest } from '../suggest.ts'
import type { Command, Work } from './instruction.ts'
import type { LogicalLine } from './lines.ts'
import { type GivenFlag, jsonList } from './words.ts'

/** What stands on the line of an instruction, before it is known what it means. Pure. */
export interface Written {
  /** In capitals. */
  readonly keyword: string
  readonly flags: readonly GivenFlag[]
  readonly rest: string
  readonly escape: string
  readonly line: LogicalLine
}

/** What an instruction is, or what is wrong with it. */
export type ParsedWork = Work | { readonly kind: 'invalid'; readonly message: string }

export const invalid = (message: string): { readonly kind: 'invalid'; readonly message: string } => ({ kind: 'invalid', message })

export const commandOf = (text: string): Command => {
  const words = jsonList(text)
  return words === undefined ? { form: 'shell', text } : { form: 'exec', words }
}

export function unknownFlag(flags: readonly GivenFlag[], known: readonly string[], keyword: string): string | undefined {
  const flag = flags.find(({ name }) => !known.includes(name))
  if (flag === undefined) return undefined
  const meant = suggest(flag.name, known)
  return `unknown flag: --${flag.name}${meant === undefined ? '' : ` (did you mean --${meant}?)`} for ${keyword}`
}

export const flagOf = (flags: readonly GivenFlag[], name: string): string | undefined => flags.findLast((flag) => flag.name === name)?.value
