/** How a fake container behaves. */
export interface Program {
  /** Undefined: runs until it is told to end. */
  readonly exitAfterMs?: number | undefined
  readonly exitCode: number
  readonly oomKilled?: boolean | undefined
  readonly onTerm: 'ignore' | { readonly afterMs: number; readonly exitCode: number }
  /** The command is not there. */
  readonly missing?: string | undefined
}

const KNOWN = new Set(['sh', 'sleep', 'true', 'false', 'tail', 'httpd', 'nc', 'cat', 'echo'])

/**
 * Reads a command as far as specs of pods in tests need it: `sleep N`, `exit N` and `trap … TERM` in a shell's script, `true`, `false`,
 * `tail /dev/zero` (which ends for want of memory). A first process without a handler ignores SIGTERM, as the kernel has it. Pure.
 */
export function programOf(args: readonly string[]): Program {
  const [command = '', flag, script = ''] = args
  const name = command.slice(command.lastIndexOf('/') + 1)
  if (!KNOWN.has(name)) return { exitCode: 127, onTerm: 'ignore', missing: command }
  if (name === 'true') return { exitAfterMs: 0, exitCode: 0, onTerm: 'ignore' }
  if (name === 'false') return { exitAfterMs: 0, exitCode: 1, onTerm: 'ignore' }
  if (name === 'sleep') return { exitAfterMs: Number(flag ?? 0) * 1000, exitCode: 0, onTerm: 'ignore' }
  if (name === 'tail') return { exitAfterMs: 10, exitCode: 137, oomKilled: true, onTerm: 'ignore' }
  return name === 'sh' && flag === '-c' ? programOfScript(script) : { exitCode: 0, onTerm: 'ignore' }
}

function programOfScript(script: string): Program {
  const trap = /trap\s+(?:"([^"]*)"|'([^']*)')\s+(?:SIG)?TERM/.exec(script)
  const handler = trap?.[1] ?? trap?.[2]
  const rest = trap ? script.replace(trap[0], '') : script
  const slept = [...rest.matchAll(/sleep\s+([\d.]+)/g)].reduce((sum, match) => sum + Number(match[1]) * 1000, 0)
  const exit = /exit\s+(\d+)/.exec(rest)
  const forever = /while\s+(:|true)/.test(rest)
  const exitsIn = (text: string): number => Number(/exit\s+(\d+)/.exec(text)?.[1] ?? 0)
  const sleepsIn = (text: string): number => Number(/sleep\s+([\d.]+)/.exec(text)?.[1] ?? 0) * 1000
  return {
    ...(forever ? {} : { exitAfterMs: slept }),
    exitCode: Number(exit?.[1] ?? 0),
    ...(rest.includes('/dev/zero') ? { oomKilled: true } : {}),
    onTerm: handler === undefined || !handler.includes('exit') ? 'ignore' : { afterMs: sleepsIn(handler), exitCode: exitsIn(handler) },
  }
}
