import { Fault } from '../../shared/kit/faults.ts'

/** A program on a terminal of its own. */
export interface Terminal {
  readonly pid: number
  write(bytes: Uint8Array): void
  resize(width: number, height: number): void
  pause(): void
  resume(): void
  /** Bytes it printed. */
  onOutput(listener: (bytes: Uint8Array) => void): void
  /** After the last output. */
  readonly exited: Promise<{ readonly exitCode: number }>
  kill(signal: string): void
}

/** Starts a program on a new pseudo terminal (80 × 24 until resized). The library is loaded at the first use. */
export async function launchOnTerminal(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Terminal> {
  const { spawn } = await import('@lydell/node-pty').catch((cause: unknown) => {
    throw new Fault('unsupported', 'no terminals on this platform', { cause })
  })
  const pty = spawn(program, [...args], { name: 'xterm', cols: 80, rows: 24, cwd: '/', env: { ...env }, encoding: null })
  const exited = new Promise<{ readonly exitCode: number }>((resolve) => {
    pty.onExit(({ exitCode, signal }) => resolve({ exitCode: signal ? 128 + signal : exitCode }))
  })
  return {
    pid: pty.pid,
    // The library takes bytes, though its types say text.
    write: (bytes) => pty.write(Buffer.from(bytes) as unknown as string),
    resize: (width, height) => {
      if (width > 0 && height > 0) pty.resize(width, height)
    },
    pause: () => pty.pause(),
    resume: () => pty.resume(),
    onOutput: (listener) => void pty.onData((chunk: unknown) => listener(chunk as Uint8Array)),
    exited,
    kill: (signal) => pty.kill(signal),
  }
}
