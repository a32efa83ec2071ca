import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import { runProgram } from './exec.ts'
import { findProgram } from './find-program.ts'
import { identify, type ProcessIdentity } from './proc.ts'

/** Starts a program that outlives this process, in a session of its own, with nothing to read and nobody who reads it. `onEnd` is called if it ends while we live. */
export async function startDetached(program: string, args: readonly string[], onEnd: () => void): Promise<ProcessIdentity> {
  const child = spawn(program, args, { detached: true, stdio: 'ignore', cwd: '/' })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause) => reject(new Fault('unsupported', `cannot run ${program}: is it installed?`, { cause })))
  })
  child.once('exit', onEnd)
  child.unref()
  const who = child.pid === undefined ? undefined : await identify(child.pid)
  if (who === undefined) throw new Fault('unavailable', `${program} ended at once`)
  return who
}

const HIGHEST = -20
const NEVER_KILLED = '-1000'
/** Among real-time programs; any is before all that are not. */
const REAL_TIME = '50'

/** Lets a process run before all others and never be killed for want of memory. Answers what the host did not permit, as words. */
export async function raiseProcess(pid: number): Promise<readonly string[]> {
  const refused: string[] = []
  const attempt = async (what: string, work: () => Promise<void> | void): Promise<void> => {
    try {
      await work()
    } catch (error) {
      refused.push(`${what}: ${messageOf(error)}`)
    }
  }
  await attempt('nice -20', () => setPriority(pid, HIGHEST))
  await attempt('oom_score_adj', () => writeFile(`/proc/${pid}/oom_score_adj`, NEVER_KILLED))
  await attempt('SCHED_FIFO', async () => {
    const { exitCode, stderr } = await runProgram(await findProgram('chrt'), ['--fifo', '--pid', REAL_TIME, String(pid)])
    if (exitCode !== 0) throw new Error(stderr.trim())
  })
  return refused
}
