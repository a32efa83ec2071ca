import type { Cluster } from '../cluster/cluster.ts'
import type { CommandEntry } from './commands.ts'
import type { Flag, Flags } from './flags.ts'
import type { Terminal } from './terminal.ts'

/** One call of a command: what was given, and what it may act on. */
export interface Call {
  /** The words as they were typed, `rollout status`. */
  readonly command: string
  /** Every command there is. */
  readonly commands: readonly CommandEntry[]
  /** Arguments before `--`. */
  readonly args: readonly string[]
  /** Arguments after `--`; `undefined` if there was none. */
  readonly afterDash: readonly string[] | undefined
  readonly flags: Flags
  readonly terminal: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  /** Ends when the person interrupts. */
  readonly signal: AbortSignal
  /** The cluster that flags and kubeconfig name; opened when first asked for. */
  cluster(): Promise<Cluster>
}

export interface Command {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly summary: string
  /** What follows the command's name: `(TYPE NAME | TYPE/NAME)`. A command without it takes no arguments. */
  readonly usage?: string
  readonly examples?: string
  readonly flags?: readonly Flag[]
  readonly subcommands?: readonly Command[]
  /** Takes every word as an argument, as it is: they are the words of another command. */
  readonly isUnparsed?: boolean
  /** Answers the exit code; nothing is 0. */
  readonly run?: (call: Call) => Promise<number | void>
}
