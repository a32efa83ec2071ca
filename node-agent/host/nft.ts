import { Fault } from '../../shared/kit/faults.ts'
import { runProgram } from './exec.ts'

/** The packet filter of the network namespace this process lives in. */
export interface Nft {
  /** One transaction in nft's own language: all of it happens, or nothing. Throws Fault('invalid') with nft's words. */
  apply(commands: string): Promise<void>
  hasTable(name: string): Promise<boolean>
}

export function systemNft(): Nft {
  return {
    async apply(commands) {
      const { exitCode, stderr } = await runProgram('nft', ['-f', '-'], { input: commands })
      if (exitCode !== 0) throw new Fault('invalid', `nft refused the rules: ${stderr.trim().slice(0, 2000)}`)
    },
    async hasTable(name) {
      return (await runProgram('nft', ['list', 'chains', 'ip'])).stdout.includes(`table ip ${name} {`)
    },
  }
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
  }
}
