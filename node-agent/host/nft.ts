import type { Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { runProgram } from './exec.ts'
import { NftSession } from './nft-session.ts'

/** The packet filter of the network namespace this process lives in. */
export interface Nft {
  /** One transaction in nft's own language: all of it happens, or nothing. Throws Fault('invalid') with nft's words. */
  apply(commands: string): Promise<void>
  hasTable(name: string): Promise<boolean>
  /** Ends what is kept open between calls; the next call opens it again. */
  close(): void
}

/** A line of a session, or a program of its own for what is longer. */
const MAX_LINE = 16 << 10

export function systemNft(clock: Clock): Nft {
  const session = new NftSession(clock)
  return {
    async apply(commands) {
      if (commands.length > MAX_LINE) return await applyFile(commands)
      try {
        await session.run(commands.trim().replaceAll('\n', '; '))
      } catch (error) {
        if (isFault(error, 'invalid')) throw error
        // Not every nft was built to be talked to. What the session may have done already makes the file fail as a whole, and its words are told.
        await applyFile(commands)
      }
    },
    async hasTable(name) {
      return (await runProgram('nft', ['list', 'chains', 'ip'])).stdout.includes(`table ip ${name} {`)
    },
    close: () => session.stop(),
  }
}

async function applyFile(commands: string): Promise<void> {
  const { exitCode, stderr } = await runProgram('nft', ['-f', '-'], { input: commands })
  if (exitCode !== 0) throw new Fault('invalid', `nft refused the rules: ${stderr.trim().slice(0, 2000)}`)
}

/** Keeps what was applied, newest last. */
export function fakeNft(): Nft & { readonly applied: string[] } {
  const applied: string[] = []
  return {
    applied,
    async apply(commands) {
      applied.push(commands)
    },
    hasTable: async () => false,
    close: () => {},
  }
}
