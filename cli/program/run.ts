/** From the words on the command line to an exit code. */
import { openCluster } from '../cluster/open.ts'
import type { Call, Command } from './command.ts'
import { entries, findEntry, SECTIONS } from './commands.ts'
import { GLOBAL_FLAGS, type Flag } from './flags.ts'
import { asksHelp, parse, type Parsed } from './parse.ts'
import { Problem, usageProblem } from './problem.ts'
import { takesNext } from './spelling.ts'
import type { Terminal } from './terminal.ts'

export interface Around {
  readonly terminal: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  /** Ends when the person interrupts. Asked for only by what must end in order: without it an interrupt ends the process. */
  readonly signal: AbortSignal
}

/** Runs the command and prints what went wrong. Answers the exit code. */
export async function run(words: readonly string[], around: Around): Promise<number> {
  try {
    return await dispatch(words, around)
  } catch (error) {
    const { explain } = await import('./explain.ts')
    const { message, exitCode } = explain(error)
    if (message !== '') around.terminal.err(message.endsWith('\n') ? message : `${message}\n`)
    return exitCode
  }
}

async function dispatch(words: readonly string[], around: Around): Promise<number> {
  const at = wordAt(words, GLOBAL_FLAGS)
  const name = words[at]
  if (name === undefined || name === 'help' || name === 'options') return await help(name === 'help' ? words.slice(at + 1) : [], { around, globals: name === 'options' })
  const entry = findEntry(name)
  if (!entry) throw await unknownCommand(name, { names: entries().map((one) => one.name), path: '' })
  return await descend(await entry.load(), entry.name, { words: [...words.slice(0, at), ...words.slice(at + 1)], around })
}

/** Position of the first word that is neither a flag nor a flag's value. */
function wordAt(words: readonly string[], flags: readonly Flag[]): number {
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (word === '--') break
    if (!word.startsWith('-')) return at
    if (takesNext(word, flags)) at++
  }
  return words.length
}

async function descend(command: Command, path: string, { words, around }: { readonly words: readonly string[]; readonly around: Around }): Promise<number> {
  const at = command.subcommands ? wordAt(words, [...(command.flags ?? []), ...GLOBAL_FLAGS]) : words.length
  const name = words[at]
  const below = command.subcommands?.find((one) => one.name === name || one.aliases?.includes(name ?? ''))
  if (below) return await descend(below, `${path} ${below.name}`, { words: [...words.slice(0, at), ...words.slice(at + 1)], around })
  if (command.subcommands && name !== undefined && !command.run && !asksHelp(words)) throw await unknownCommand(name, { names: command.subcommands.map((one) => one.name), path })
  if ((asksHelp(words) && !command.isUnparsed) || !command.run) {
    const { commandHelp } = await import('./help.ts')
    around.terminal.out(commandHelp(command, path))
    return 0
  }
  const parsed = command.isUnparsed ? { ...parse(command, path, []), args: words } : parse(command, path, words)
  if (command.usage === undefined) refuseArguments(path, parsed)
  let cluster: ReturnType<Call['cluster']> | undefined
  const call: Call = {
    command: path,
    commands: entries(),
    ...parsed,
    terminal: around.terminal,
    env: around.env,
    get signal() {
      return around.signal
    },
    cluster: () => (cluster ??= openCluster(call)),
  }
  try {
    return (await command.run(call)) ?? 0
  } finally {
    if (cluster) (await cluster.catch(() => undefined))?.[Symbol.dispose]()
  }
}

/** Left out of account they would do harm: "lab down two" would take down the lab that is meant where none is named. */
function refuseArguments(path: string, { args, afterDash = [], flags }: Parsed): void {
  const words = [...args, ...afterDash]
  if (words.length === 0) return
  const named = flags.knows('name') ? ' (a lab is named by --name)' : ''
  throw usageProblem(`unexpected arguments: ${words.join(' ')}${named}`, path)
}

async function help(words: readonly string[], { around, globals }: { readonly around: Around; readonly globals: boolean }): Promise<number> {
  const { programHelp, globalHelp } = await import('./help.ts')
  const [name] = words
  if (name !== undefined) return await dispatch([...words, '--help'], around)
  around.terminal.out(globals ? globalHelp() : programHelp(SECTIONS))
  return 0
}

async function unknownCommand(name: string, { names, path }: { readonly names: readonly string[]; readonly path: string }): Promise<Problem> {
  const { suggest } = await import('../../shared/model/suggest.ts')
  const near = suggest(name, names)
  return new Problem(`unknown command "${name}" for "gantry${path === '' ? '' : ` ${path}`}"${near === undefined ? '' : `\n\nDid you mean this?\n\t${near}`}`)
}
