/** Completion of commands, flags, types and names in shells. The scripts ask the command itself. */
import { openCluster } from '../cluster/open.ts'
import type { Call, Command } from '../program/command.ts'
import type { CommandEntry } from '../program/commands.ts'
import { parse } from '../program/parse.ts'
import { Problem } from '../program/problem.ts'
import { found } from './found.ts'
import { flagOf, readLine, unbroken, type Line } from './line.ts'
import { SCRIPTS } from './scripts.ts'
import { argumentsWanted, valuesWanted, type Wanted } from './wanted.ts'

export const completion: Command = {
  name: 'completion',
  summary: 'Print a script that completes commands in bash, zsh or fish',
  usage: 'SHELL',
  examples: '# bash, for this session\nsource <(gantry completion bash)',
  async run({ args: [shell], terminal }) {
    const script = Object.hasOwn(SCRIPTS, shell ?? '') ? SCRIPTS[shell ?? ''] : undefined
    if (script === undefined) throw new Problem(`${shell === undefined ? 'Shell not specified' : `Unsupported shell type "${shell}"`}: there are ${Object.keys(SCRIPTS).join(', ')}`)
    await Promise.resolve()
    terminal.out(script)
  },
}

/** `gantry __complete [SHELL] WORD...`: what the last word may become, a line each; `:files` last where files may stand there too. */
export const complete: Command = {
  name: '__complete',
  usage: '[SHELL] WORD...',
  summary: 'What the shells ask',
  isUnparsed: true,
  async run(call) {
    const [first = '', ...rest] = call.args
    const given = Object.hasOwn(SCRIPTS, first) ? rest : call.args
    // Only bash breaks words; in other shells a word that is a colon is one.
    const { words, before } = first === 'bash' ? unbroken(given) : { words: given, before: '' }
    const { candidates, files } = await completed(call, words)
    // A name that a shell could read as several lines, or as our own word, is none.
    const fit = [...new Set(candidates)].filter((one) => one.startsWith(words.at(-1) ?? '') && one !== '' && !/[\p{Cc}]|^:/u.test(one))
    call.terminal.out([...fit.map((one) => one.slice(before.length)), ...(files ? [':files'] : [])].map((one) => `${one}\n`).join(''))
  },
}

interface Completed {
  /** Whole words. */
  readonly candidates: readonly string[]
  readonly files: boolean
}

const NOTHING: Completed = { candidates: [], files: false }

async function completed(call: Call, words: readonly string[]): Promise<Completed> {
  const line = await readLine(words, call.commands)
  if (!line || line.isPastDash) return NOTHING
  if (line.pending) return await lookedUp(call, line, valuesWanted(line, line.pending))
  if (line.begun.startsWith('-')) return { candidates: flagsFor(line), files: false }
  const names = namesOfCommands(line, call.commands)
  if (names) return { candidates: names, files: false }
  // A command without arguments can be followed by flags alone.
  if (line.command?.run && line.command.usage === undefined) return { candidates: flagsFor(line, line.command.flags ?? []), files: false }
  return await lookedUp(call, line, argumentsWanted(line))
}

function namesOfCommands({ command, args }: Line, commands: readonly CommandEntry[]): readonly string[] | undefined {
  if (!command) return [...commands.map(({ name }) => name), 'help', 'options']
  return args.length === 0 ? command.subcommands?.map(({ name }) => name) : undefined
}

/** Flags that may still be given: those that may be repeated, and those that are not there. */
function flagsFor({ flags, flagWords }: Line, among = flags): readonly string[] {
  const given = new Set(flagWords.filter((word) => word.startsWith('-')).map((word) => flagOf(word, flags)?.name))
  return [...among.filter(({ name, kind }) => kind === 'list' || !given.has(name)).map(({ name }) => `--${name}`), ...(among === flags ? ['--help'] : [])]
}

/** Somebody waits with a finger on the key. */
const PATIENCE = ['--request-timeout', '2s']

async function lookedUp(call: Call, line: Line, wanted: readonly Wanted[]): Promise<Completed> {
  const files = wanted.some(({ kind }) => kind === 'files')
  // In TYPE,TYPE and TYPE/NAME only the last part is looked for.
  const head = wanted.some(({ kind }) => kind === 'objects' || kind === 'types') ? (/^.*[,/]/.exec(line.begun)?.[0] ?? '') : ''
  let cluster: ReturnType<Call['cluster']> | undefined
  try {
    const { flags } = parse(line.command ?? { name: '', summary: '' }, line.path, [...PATIENCE, ...line.flagWords])
    const typed: Call = { ...call, command: line.path, args: line.args, afterDash: undefined, flags, terminal: { ...call.terminal, err: () => {} }, cluster: () => (cluster ??= openCluster(typed)) }
    const names = (await Promise.all(wanted.map((one) => found(typed, one)))).flat()
    return { candidates: names.filter((name) => !line.args.includes(name)).map((name) => `${line.prefix}${head}${name}`), files }
  } catch {
    // No cluster, no right to list, a flag that is not there: no reason to disturb somebody who is typing.
    return { candidates: [], files }
  } finally {
    ;(await cluster?.catch(() => undefined))?.[Symbol.dispose]()
  }
}
