/** Reads a command line that is still being typed: what stands before the cursor, and which flag's value or which argument comes next. */
import type { Command } from '../program/command.ts'
import type { CommandEntry } from '../program/commands.ts'
import { GLOBAL_FLAGS, type Flag } from '../program/flags.ts'
import { flagsOf } from '../program/parse.ts'
import { takesNext } from '../program/spelling.ts'

export interface Line {
  /** The command or subcommand at hand; `undefined` before there is one. */
  readonly command: Command | undefined
  /** Its words, `rollout undo`. */
  readonly path: string
  readonly flags: readonly Flag[]
  /** Arguments before the cursor. */
  readonly args: readonly string[]
  /** Flags before the cursor as they were typed, with their values. */
  readonly flagWords: readonly string[]
  /** The flag whose value is being typed. */
  readonly pending: Flag | undefined
  /** What stands before the value in the same word: `--output=`. */
  readonly prefix: string
  /** The word, or the value, as far as it is typed. */
  readonly begun: string
  /** `--` stands before the cursor: what follows is another program's. */
  readonly isPastDash: boolean
}

/** The flag that a word is, `--output`, `-o` or the last of `-wo`; values after `=` are left out of account. */
export function flagOf(word: string, flags: readonly Flag[]): Flag | undefined {
  const [name = ''] = word.split('=')
  return name.startsWith('--') ? flags.find((flag) => flag.name === name.slice(2)) : flags.find(({ short }) => short !== undefined && short === name.at(-1))
}

interface Walked {
  readonly command: Command | undefined
  readonly path: string
  readonly args: readonly string[]
  readonly flagWords: readonly string[]
  readonly pending?: Flag | undefined
  readonly isPastDash?: boolean
}

/** @returns `undefined` where a word names no command. */
export async function readLine(words: readonly string[], commands: readonly CommandEntry[]): Promise<Line | undefined> {
  const walked = await walk(words.slice(0, -1), commands)
  if (!walked) return undefined
  const flags = walked.command ? flagsOf(walked.command) : GLOBAL_FLAGS
  const word = words.at(-1) ?? ''
  const before = { ...walked, flags, isPastDash: walked.isPastDash ?? false }
  const [, prefix] = /^(-[^=]*=)/.exec(word) ?? []
  if (prefix === undefined || walked.pending || before.isPastDash) return { ...before, pending: walked.pending, prefix: '', begun: word }
  const flag = flagOf(prefix, flags)
  return flag && flag.kind !== 'switch' ? { ...before, pending: flag, prefix, begun: word.slice(prefix.length) } : { ...before, pending: undefined, prefix: '', begun: word }
}

async function walk(words: readonly string[], commands: readonly CommandEntry[]): Promise<Walked | undefined> {
  let walked: Walked = { command: undefined, path: '', args: [], flagWords: [] }
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '--') return { ...walked, isPastDash: true }
    if (!/^-./.test(word)) {
      const next = await withWord(walked, word, commands)
      if (!next) return undefined
      walked = next
      continue
    }
    const flags = walked.command ? flagsOf(walked.command) : GLOBAL_FLAGS
    const value = takesNext(word, flags) ? words[++at] : ''
    if (value === undefined) return { ...walked, pending: flagOf(word, flags) }
    walked = { ...walked, flagWords: [...walked.flagWords, word, ...(takesNext(word, flags) ? [value] : [])] }
  }
  return walked
}

/** A word that is no flag: a command, a subcommand or an argument. */
async function withWord(walked: Walked, word: string, commands: readonly CommandEntry[]): Promise<Walked | undefined> {
  const isMeant = (one: { readonly name: string; readonly aliases?: readonly string[] }): boolean => one.name === word || one.aliases?.includes(word) === true
  const { command, path, args } = walked
  if (!command) {
    if (word === 'help') return walked
    const entry = commands.find(isMeant)
    return entry && { ...walked, command: await entry.load(), path: entry.name }
  }
  const below = args.length === 0 ? command.subcommands?.find(isMeant) : undefined
  if (below) return { ...walked, command: below, path: `${path} ${below.name}` }
  return { ...walked, args: [...args, word] }
}

/**
 * Words as they were typed, from those that bash makes of them: it breaks `--output=yaml` and `nginx:1.27` into three words each. What is
 * in the last word before bash's own last part is answered too, since bash wants completions without it.
 */
export function unbroken(words: readonly string[]): { readonly words: readonly string[]; readonly before: string } {
  const whole: string[] = []
  words.forEach((word, at) => {
    const isBreak = /^[=:@]+$/.test(word)
    const followsBreak = at > 0 && word !== '' && /^[=:@]+$/.test(words[at - 1] ?? '')
    if (whole.length > 0 && (isBreak || followsBreak)) whole.push(`${whole.pop() ?? ''}${word}`)
    else whole.push(word)
  })
  const [typed, last] = [whole.at(-1) ?? '', words.at(-1) ?? '']
  return { words: whole, before: /^[=:@]+$/.test(last) ? typed : typed.slice(0, typed.length - last.length) }
}
