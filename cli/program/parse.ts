/** Reads a command line with commander, and says what is wrong with it in kubectl's words. */
import { Command as Parser, CommanderError, Option } from 'commander'
import type { Command } from './command.ts'
import { GLOBAL_FLAGS, type Flag, type Flags } from './flags.ts'
import { Problem } from './problem.ts'
import { spell } from './spelling.ts'

export interface Parsed {
  readonly args: readonly string[]
  readonly afterDash: readonly string[] | undefined
  readonly flags: Flags
}

const isHelp = (word: string): boolean => word === '-h' || word === '--help' || word === '--help=true'

/** Whether the words before `--` ask for help. */
export const asksHelp = (words: readonly string[]): boolean => (words.includes('--') ? words.slice(0, words.indexOf('--')) : words).some(isHelp)

export const flagsOf = (command: Command): readonly Flag[] => {
  const own = command.flags ?? []
  return [...own, ...GLOBAL_FLAGS.filter(({ name, short }) => !own.some((flag) => flag.name === name || (short !== undefined && flag.short === short)))]
}

const optionOf = ({ name, short, kind }: Flag): Option => {
  const option = new Option(`${short === undefined ? '' : `-${short}, `}--${name}${kind === 'switch' ? '' : ' <value>'}`)
  if (kind === 'list') option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
  return option
}

/** @param path the command as it was typed, for messages. @throws Problem */
export function parse(command: Command, path: string, words: readonly string[]): Parsed {
  const flags = flagsOf(command)
  const { words: spelled, afterDash, off } = spell(words, flags)
  const parser = new Parser(path).exitOverride().helpOption(false).allowExcessArguments(true).configureOutput({ writeErr: () => {}, outputError: () => {} })
  for (const flag of flags) parser.addOption(optionOf(flag))
  parser.argument('[words...]').action(() => {})
  try {
    parser.parse([...spelled], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) throw new Problem(`${inWords(error)}\nSee 'gantry ${path} --help' for usage.`)
    throw error
  }
  return { args: parser.args, afterDash, flags: reader(flags, parser.opts(), off) }
}

/** commander's complaint as pflag says it. */
function inWords({ code, message }: CommanderError): string {
  const name = /'([^']*)'/.exec(message)?.[1] ?? ''
  const hint = /\(Did you mean (--\S+?)\??\)/.exec(message)?.[1]
  const mend = hint === undefined ? '' : ` (did you mean ${hint}?)`
  if (code === 'commander.unknownOption') return name.startsWith('--') ? `unknown flag: ${name}${mend}` : `unknown shorthand flag: '${name.charAt(1)}' in ${name}${mend}`
  if (code === 'commander.optionMissingArgument') return `flag needs an argument: ${name.split(' ').find((word) => word.startsWith('--')) ?? name}`
  return message.replace(/^error: /, '')
}

/** commander knows `--no-headers` as the opposite of `headers`, and names by camel case. */
function reader(known: readonly Flag[], values: Readonly<Record<string, unknown>>, off: ReadonlySet<string>): Flags {
  const find = (name: string): Flag => {
    const flag = known.find((one) => one.name === name)
    if (!flag) throw new Error(`this command has no flag --${name}`)
    return flag
  }
  const negated = (name: string): boolean => name.startsWith('no-')
  const key = (name: string): string => (negated(name) ? name.slice(3) : name).replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  const value = (name: string): unknown => {
    const flag = find(name)
    const raw = values[key(name)]
    if (flag.kind === 'switch' && negated(name)) return raw === false ? true : undefined
    return raw
  }
  return {
    text: (name) => {
      const found = value(name)
      return typeof found === 'string' ? found : find(name).default
    },
    list: (name) => {
      const found = value(name)
      return Array.isArray(found) ? (found as string[]) : []
    },
    is: (name) => {
      const flag = find(name)
      if (off.has(name)) return false
      const found = value(name)
      return found === undefined ? flag.default === 'true' : found === true || found === 'true'
    },
    given: (name) => off.has(name) || value(name) !== undefined,
    knows: (name) => known.some((flag) => flag.name === name),
  }
}
