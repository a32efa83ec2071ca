/** Replays recorded cases against a server with `replay.mjs`, in a process of its own. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = import.meta.dirname
const recorded = join(folder, 'recorded')

/** A case as it stands in the file; only its name matters here. */
export interface Case {
  readonly case: string
  readonly area: string
}

export interface Place {
  readonly path: string
  readonly expected?: unknown
  readonly got?: unknown
}

export interface Replayed extends Case {
  /** For each step, where the answer differs from what was recorded. */
  readonly differences: ReadonlyArray<readonly Place[]>
}

export const agrees = ({ differences }: Replayed): boolean => differences.every((places) => places.length === 0)

/** The first difference, to read. */
export function firstDifference({ differences }: Replayed): string {
  const step = differences.findIndex((places) => places.length > 0)
  const place = differences[step]?.[0]
  const brief = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 160)
  return place ? `step ${step + 1} ${place.path || '/'}: recorded ${brief(place.expected)}, got ${brief(place.got)}` : ''
}

/** Every case that needs no node. */
export function casesWithoutNodes(): readonly Case[] {
  const files = readdirSync(recorded).filter((file) => file.endsWith('.json') && !file.startsWith('node-'))
  return files.toSorted().flatMap((file) => JSON.parse(readFileSync(join(recorded, file), 'utf8')) as readonly Case[])
}

export interface Replaying {
  readonly kubeconfig: string
  readonly cases: readonly Case[]
  readonly parallel: number
  /** Of what a step awaits, how much of the time it may take. */
  readonly patience: number
}

export async function replay({ kubeconfig, cases, parallel, patience }: Replaying): Promise<readonly Replayed[]> {
  if (cases.length === 0) return []
  const scratch = mkdtempSync(join(tmpdir(), 'gantry-replay-'))
  try {
    const [asked, answered] = [join(scratch, 'cases.json'), join(scratch, 'outcome.json')]
    writeFileSync(asked, JSON.stringify(cases))
    const words = [join(folder, 'replay.mjs'), '--kubeconfig', kubeconfig, '--parallel', String(parallel), '--patience', String(patience), '--show', '0', '--json', answered, asked]
    await ended(words)
    return JSON.parse(readFileSync(answered, 'utf8')) as readonly Replayed[]
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function ended(words: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'inherit'] })
    child.once('error', reject)
    child.once('close', (code) => (code === 0 || code === 1 ? resolve() : reject(new Error(`replay.mjs ended with ${code}`))))
  })
}
