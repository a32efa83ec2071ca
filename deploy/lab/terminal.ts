import { spawn } from 'node:child_process'

/** Runs a program on the person's own terminal. Answers its exit code; 127 when there is no such program. */
export function runOnTerminal(program: string, words: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, words, { stdio: 'inherit' })
    child.once('error', () => resolve(127))
    child.once('close', (code) => resolve(code ?? 130))
  })
}
