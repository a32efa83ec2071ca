/** Programs that change the host for a lab. They die with the command that started them: whoever comes after it finds what it did, and nobody who is still at it. */
import { runProgram, type ProgramOptions } from '../../node-agent/host/exec.ts'
import { Fault } from '../../shared/kit/faults.ts'

/** A command that was killed before this line is no parent any more. */
const UNLESS_ORPHAN = '[ "$PPID" -eq "$0" ] && exec "$@"'

/** @throws Fault with the program's own words for anything but exit code 0 */
export async function mustChange(program: string, args: readonly string[], options: ProgramOptions = {}): Promise<void> {
  const { exitCode, stderr } = await runProgram('setpriv', ['--pdeathsig', 'KILL', 'sh', '-c', UNLESS_ORPHAN, String(process.pid), program, ...args], options)
  if (exitCode !== 0) throw new Fault('internal', `${program} ${args.join(' ')}: ${stderr.trim() || `exit code ${exitCode}`}`)
}
