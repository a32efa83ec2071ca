/** The one place of the control plane that starts programs: `ip`, which is how Linux is told of an address, and `arping`, which tells the neighbours. */
import { execFile, type ExecFileException } from 'node:child_process'
import { promisify } from 'node:util'
import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { AddressHolder } from './port.ts'

const run = promisify(execFile)

async function ip(...args: readonly string[]): Promise<string> {
  try {
    return (await run('ip', [...args], { timeout: 5_000 })).stdout
  } catch (cause) {
    throw (cause as NodeJS.ErrnoException).code === 'ENOENT' ? withoutIp(cause) : new Fault('internal', `ip ${args.join(' ')}: ${messageOf(cause)}`, { cause })
  }
}

const withoutIp = (cause: unknown): Fault => new Fault('unsupported', 'a virtual address needs the program "ip" (iproute2)', { cause })

/**
 * One program for all of it: a control plane that has just begun to lead has much to do, and would come to the second step late, while everybody still calls the machine that is gone. Some neighbours listen to questions,
 * some to answers. That nobody answers is no fault: none is expected to.
 */
const TAKE = `ip address replace "$1" dev "$2" valid_lft "$3" preferred_lft "$3" || exit 1
echo here
command -v busybox > /dev/null || { echo 'no busybox'; exit 0; }
for kind in -U -A; do busybox arping -q $kind -c 3 -w 3 -I "$2" "$4" & done
wait`

export function systemAddressHolder({ address, device, log }: { readonly address: string; readonly device: string; readonly log: Log }): AddressHolder {
  const bare = address.split('/')[0] ?? ''
  return {
    async keep(seconds) {
      await ip('address', 'replace', address, 'dev', device, 'valid_lft', String(seconds), 'preferred_lft', String(seconds))
    },
    take: (seconds) =>
      new Promise((resolve, reject) => {
        const child = execFile('sh', ['-c', TAKE, 'sh', address, device, String(seconds), bare], { timeout: 10_000 }, (error, said, why) => (error && said === '' ? reject(notTaken(error, why)) : resolve()))
        child.stdout?.on('data', (text: string) => {
          if (text.includes('here')) resolve()
          if (text.includes('no busybox')) log.warn({ address }, 'without "busybox arping" the neighbours find out late where the virtual address is')
        })
      }),
    async drop() {
      try {
        await ip('address', 'delete', address, 'dev', device)
      } catch (error) {
        if (isFault(error, 'unsupported') || !/Cannot assign|not found|does not exist/i.test(messageOf(error))) throw error
      }
    },
  }
}

/** Of a shell that found no program, or was ended without one. */
const notTaken = (cause: ExecFileException, why: string): Fault =>
  /\bip: (?:\S+ )?not found/.test(why) ? withoutIp(cause) : new Fault('internal', `ip address replace: ${why.trim() || messageOf(cause)}`, { cause })
