/** The help texts: of the whole program, and of one command. */
import type { Command } from './command.ts'
import { GLOBAL_FLAGS, type Flag } from './flags.ts'
import type { Section } from './commands.ts'

const columns = (rows: ReadonlyArray<readonly [string, string]>): string => {
  const width = Math.max(...rows.map(([left]) => left.length))
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`.trimEnd()).join('\n')
}

/** What `gantry` alone prints. */
export function programHelp(sections: readonly Section[]): string {
  const parts = sections.map(({ title, commands }) => `${title}:\n${columns(commands.map(({ name, summary }) => [name, summary]))}`)
  return `gantry runs containers on clusters of machines. It speaks the Kubernetes API.\n\n${parts.join('\n\n')}\n\nUsage:\n  gantry [flags] COMMAND\n\nUse "gantry COMMAND --help" for more information about a command.\nUse "gantry options" for the flags that every command takes.\n`
}

export const globalHelp = (): string => `The following options can be passed to any command:\n\n${flagLines(GLOBAL_FLAGS)}\n`

const DEFAULT_VALUE: Readonly<Record<Flag['kind'], string>> = { text: `''`, list: '[]', switch: 'false', optional: `''` }

const flagLines = (flags: readonly Flag[]): string =>
  flags
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, short, kind, default: initial, help }) => `    ${short === undefined ? '' : `-${short}, `}--${name}=${initial ?? DEFAULT_VALUE[kind]}:\n\t${help}`)
    .join('\n\n')

/** @param path the command's words, `rollout undo`. */
export function commandHelp(command: Command, path: string): string {
  const { summary, examples, subcommands, flags = [], usage = '' } = command
  const parts = [`${summary}.`]
  if (examples !== undefined) parts.push(`Examples:\n${examples.trimEnd().split('\n').map((line) => (line === '' ? '' : `  ${line}`)).join('\n')}`)
  if (subcommands) parts.push(`Available Commands:\n${columns(subcommands.map((one) => [one.name, one.summary]))}`)
  if (flags.length > 0) parts.push(`Options:\n${flagLines(flags)}`)
  parts.push(`Usage:\n  gantry ${path}${subcommands ? ' COMMAND' : `${usage === '' ? '' : ` ${usage}`}${flags.length > 0 ? ' [options]' : ''}`}`)
  if (subcommands) parts.push(`Use "gantry ${path} COMMAND --help" for more information about a given command.`)
  parts.push('Use "gantry options" for the flags that every command takes.')
  return `${parts.join('\n\n')}\n`
}
