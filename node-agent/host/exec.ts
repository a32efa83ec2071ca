import { spawn } from 'node:child_process'
import { Fault } from '../../shared/kit/faults.ts'
import { cannotRun } from './processes.ts'

export interface ProgramResult {
  /** 128 + signal for one that was killed. */
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface ProgramOptions {
  readonly input?: string
  readonly signal?: AbortSignal
  /** How it ends when the signal aborts; SIGTERM unless given. */
  readonly killSignal?: 'SIGKILL'
  readonly cwd?: string
  /** Beside this process's own. */
  readonly env?: Readonly<Record<string, string>>
}

/** For a program by whose words something is decided: they are those of no other language than English. */
export const inEnglish = { LC_ALL: 'C' } as const

/** Runs a short program to its end and answers what it said. Throws only where it cannot be started (Fault 'unsupported') or was aborted. */
export function runProgram(program: string, args: readonly string[], options: ProgramOptions = {}): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], ...(options.cwd === undefined ? {} : { cwd: options.cwd }), ...(options.env === undefined ? {} : { env: { ...process.env, ...options.env } }), ...(options.signal ? { signal: options.signal } : {}), ...(options.killSignal ? { killSignal: options.killSignal } : {}) })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout.on('data', (bytes: Buffer) => stdout.push(bytes))
    child.stderr.on('data', (bytes: Buffer) => stderr.push(bytes))
    // A program that ends without reading its input is no failure of ours.
    child.stdin.on('error', () => {})
    child.on('error', (cause) => reject(options.signal?.aborted ? new Fault('cancelled', `${program} was cancelled`, { cause }) : cannotRun(program, cause)))
    child.on('close', (code, killed) => resolve({ exitCode: code ?? (killed === null ? 1 : 128), stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }))
    child.stdin.end(options.input ?? '')
  })
}

/** The same, where anything but exit code 0 is a fault that carries the program's own words. */
export async function mustRun(program: string, args: readonly string[], options: ProgramOptions = {}): Promise<string> {
  const result = await runProgram(program, args, options)
  if (result.exitCode !== 0) throw new Fault('internal', `${program} ${args.join(' ')}: ${result.stderr.trim() || `exit code ${result.exitCode}`}`)
  return result.stdout
}
