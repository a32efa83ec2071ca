/** The built command, run until it ends or is killed at a point of its life. */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inWords, type Death, type Point } from './deaths.ts'

const COMMAND = join(import.meta.dirname, '../../../gantry')
const MORTAL = join(import.meta.dirname, 'mortal.ts')

export interface Ended {
  /** Undefined: it was killed. */
  readonly exitCode: number | undefined
  readonly stdout: string
  readonly stderr: string
}

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Killed, with all it started, when it has printed so many lines. */
  readonly killAtLine?: number | undefined
}

const LONGEST_MS = 100_000

/** Runs `gantry WORDS` in a process group of its own. */
export function gantry(words: readonly string[], { env = {}, killAtLine }: CommandOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(COMMAND, words, { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...process.env, ...env } })
    const kill = (): void => {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL')
      } catch {
        // Over already.
      }
    }
    const said = { stdout: '', stderr: '' }
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.stdout += text
      if (killAtLine !== undefined && said.stdout.split('\n').length > killAtLine) kill()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text))
    child.once('error', reject)
    const limit = setTimeout(kill, LONGEST_MS)
    // What it started may live on and hold the pipes.
    child.once('exit', (code) => {
      clearTimeout(limit)
      setImmediate(() => resolve({ exitCode: code ?? undefined, ...said }))
    })
  })
}

/** An undisturbed run, and every point of it. */
export async function pointsOf(words: readonly string[]): Promise<{ readonly ended: Ended; readonly points: readonly Point[] }> {
  const file = join(tmpdir(), `gantry-points-${process.pid}`)
  rmSync(file, { force: true })
  const ended = await gantry(words, { env: { NODE_OPTIONS: `--import=${MORTAL}`, GANTRY_MORTAL_POINTS: file } })
  const points = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Point) : []
  rmSync(file, { force: true })
  return { ended, points }
}

/** Runs it to its death; one that never gets there must have ended well. */
export async function killedAt(words: readonly string[], death: Death): Promise<'killed' | 'spared'> {
  const ended = await gantry(words, { env: { NODE_OPTIONS: `--import=${MORTAL}`, GANTRY_MORTAL_DEATH: JSON.stringify(death) } })
  if (ended.exitCode === undefined) return 'killed'
  if (ended.exitCode === 0) return 'spared'
  throw new Error(`${inWords(death)}: it failed instead: ${ended.stderr}`)
}
