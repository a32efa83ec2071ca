/** The one place of the control plane that starts programs: `ip`, which is how Linux is told of an address, and `arping`, which tells the neighbours. */
import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import type { Socket } from 'node:net'
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
 * One program for all of it, begun before it is needed: a control plane that has just begun to lead has much to do, and on a busy host stands still itself while it starts one (tens of ms, with everybody calling the machine that is
 * gone). It waits for a line that says how long the address may live; where the control plane ends before, for nothing any more. Some neighbours listen to questions, some to answers. That nobody answers is no fault: none is expected to.
 */
const TAKE = `read life || exit 0
ip address replace "$1" dev "$2" valid_lft "$life" preferred_lft "$life" || exit 1
echo here
command -v busybox > /dev/null || { echo 'no busybox'; exit 0; }
for kind in -U -A; do busybox arping -q $kind -c 3 -w 3 -I "$2" "$3" & done
wait`
/** What it has not done by then it will not do. */
const TAKE_MS = 10_000

export function systemAddressHolder({ address, device, log }: { readonly address: string; readonly device: string; readonly log: Log }): AddressHolder {
  const bare = address.split('/')[0] ?? ''
  let waiting: ChildProcessWithoutNullStreams | undefined

  function begin(): ChildProcessWithoutNullStreams {
    const child = spawn('sh', ['-c', TAKE, 'sh', address, device, bare])
    // Nobody's end waits for it.
    for (const handle of [child, child.stdin as Socket, child.stdout as Socket, child.stderr as Socket]) handle.unref()
    const ended = (): void => void (waiting = waiting === child ? undefined : waiting)
    child.once('error', ended)
    child.once('close', ended)
    child.stdin.on('error', () => {})
    return child
  }

  const takeBy = (child: ChildProcessWithoutNullStreams, seconds: number): Promise<void> =>
    new Promise((resolve, reject) => {
      let why = ''
      const late = setTimeout(() => child.kill(), TAKE_MS)
      child.stderr.on('data', (text: Buffer) => (why += text.toString()))
      child.stdout.on('data', (text: Buffer) => {
        if (text.includes('here')) resolve()
        if (text.includes('no busybox')) log.warn({ address }, 'without "busybox arping" the neighbours find out late where the virtual address is')
      })
      child.once('error', (cause) => reject(notTaken(cause, why)))
      // After `here` that says nothing any more.
      child.once('close', () => {
        clearTimeout(late)
        reject(notTaken(undefined, why))
      })
      child.stdin.end(`${seconds}\n`)
    })

  return {
    async keep(seconds) {
      await ip('address', 'replace', address, 'dev', device, 'valid_lft', String(seconds), 'preferred_lft', String(seconds))
    },
    async take(seconds) {
      const begun = waiting
      waiting = undefined
      // Whatever became of one that waited for long: a new one says what is the matter.
      if (begun) await takeBy(begun, seconds).catch(() => takeBy(begin(), seconds))
      else await takeBy(begin(), seconds)
    },
    async drop() {
      try {
        await ip('address', 'delete', address, 'dev', device)
      } catch (error) {
        if (isFault(error, 'unsupported') || !/Cannot assign|not found|does not exist/i.test(messageOf(error))) throw error
      }
      waiting ??= begin()
    },
  }
}

/** Of a shell that found no program, or was ended without one. */
const notTaken = (cause: Error | undefined, why: string): Fault =>
  /\bip: (?:\S+ )?not found/.test(why) ? withoutIp(cause) : new Fault('internal', `ip address replace: ${why.trim() || (cause ? messageOf(cause) : 'it ended without a word')}`, { cause })
