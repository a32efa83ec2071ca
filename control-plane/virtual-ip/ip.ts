/** The one place of the control plane that starts programs: `ip`, which is how Linux is told of an address, and `arping`, which tells the neighbours. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { AddressHolder } from './port.ts'

const run = promisify(execFile)

async function ip(...args: readonly string[]): Promise<string> {
  try {
    return (await run('ip', [...args], { timeout: 5_000 })).stdout
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw new Fault(isMissing ? 'unsupported' : 'internal', isMissing ? 'a virtual address needs the program "ip" (iproute2)' : `ip ${args.join(' ')}: ${messageOf(cause)}`, { cause })
  }
}

export function systemAddressHolder({ address, device, log }: { readonly address: string; readonly device: string; readonly log: Log }): AddressHolder {
  const bare = address.split('/')[0] ?? ''
  /** Some listen to questions, some to answers. */
  const arping = (kind: '-U' | '-A'): Promise<unknown> => run('busybox', ['arping', '-q', kind, '-c', '3', '-w', '3', '-I', device, bare], { timeout: 10_000 })
  return {
    async keep(seconds) {
      await ip('address', 'replace', address, 'dev', device, 'valid_lft', String(seconds), 'preferred_lft', String(seconds))
    },
    async tell() {
      // It says "no answer" by its exit code, and none is expected.
      const outcomes = await Promise.allSettled([arping('-U'), arping('-A')])
      const missing = outcomes.some((outcome) => outcome.status === 'rejected' && (outcome.reason as NodeJS.ErrnoException).code === 'ENOENT')
      if (missing) log.warn({ address }, 'without "busybox arping" the neighbours find out late where the virtual address is')
    },
    async drop() {
      try {
        await ip('address', 'delete', address, 'dev', device)
      } catch (error) {
        if (isFault(error, 'unsupported') || !/Cannot assign|not found|does not exist/i.test(messageOf(error))) throw error
      }
    },
  }
}
