import { spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'

/** A program that is fed and read by this one. */
export interface Piped {
  readonly input: Writable
  readonly output: Readable
  /** Never rejects; code 127 when there is no such program. */
  readonly ended: Promise<{ readonly code: number; readonly stderr: string }>
}

export function startPiped(program: string, words: readonly string[]): Piped {
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'] })
  let stderr = ''
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  // Who ends before all was written says so by its code.
  child.stdin.on('error', () => {})
  const ended = new Promise<{ code: number; stderr: string }>((resolve) => {
    child.once('error', (error) => resolve({ code: 127, stderr: error.message }))
    child.once('close', (code) => resolve({ code: code ?? 130, stderr }))
  })
  return { input: child.stdin, output: child.stdout, ended }
}
