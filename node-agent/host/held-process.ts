import { once } from 'node:events'
import { Fault } from '../../shared/kit/faults.ts'
import { launch } from './processes.ts'

/** A process that does nothing but live, so that what it lives in can be taken hold of. Disposing ends it. */
export interface HeldProcess extends AsyncDisposable {
  readonly pid: number
}

/** Says a word when it is where it is to be, then waits for its input to end. */
const HOLD = ['sh', '-c', 'echo; exec cat']

/**
 * Starts a process through programs that enter or make namespaces (`unshare --user`, `nsenter --user=PATH unshare --ipc`, …), without a fork between, and answers
 * when it has arrived. @throws Fault('unsupported') with their words when it does not.
 */
export async function holdProcess(program: string, args: readonly string[]): Promise<HeldProcess> {
  const held = await launch(program, [...args, ...HOLD], { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' })
  let words = ''
  held.stderr?.on('data', (bytes: Buffer) => (words += bytes.toString()))
  held.stdin?.on('error', () => {})
  const arrived = await Promise.race([held.stdout ? once(held.stdout, 'data').then(() => true) : false, held.exited.then(() => false)])
  if (!arrived) throw new Fault('unsupported', words.trim() || `${program} ended at once`)
  return {
    pid: held.pid,
    async [Symbol.asyncDispose]() {
      held.stdin?.destroy()
      held.kill(SIGKILL)
      await held.exited
    },
  }
}

const SIGKILL = 9
