import { readFile } from 'node:fs/promises'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { runProgram } from './exec.ts'
import { findProgram } from './find-program.ts'

/** A profile of AppArmor each line: `NAME (enforce)`, `NAMESPACE://NAME (complain)`. */
const LOADED = '/sys/kernel/security/apparmor/profiles'

/** Names of the profiles that the kernel has, those of a namespace with it. */
export const loadedProfiles = async (): Promise<ReadonlySet<string>> => new Set((await readFile(LOADED, 'utf8')).split('\n').map((line) => line.replace(/ \(\w+\)$/, '')))

const PARSER = 'apparmor_parser'

/** It takes less than a second; an agent that begins waits for it. */
const LIMIT_MS = 10_000

/** Compiles a profile and gives it to the kernel, in place of one of the same name. @param limitMs how long that may take. @throws Fault 'unsupported' in words for people. */
export async function loadProfile(text: string, limitMs = LIMIT_MS): Promise<void> {
  const program = await findProgram(PARSER).catch((cause: unknown) => {
    throw new Fault('unsupported', `${PARSER} is not installed: on Debian "apt-get install apparmor" brings it`, { cause })
  })
  // Nothing of it is kept for the next boot.
  const { exitCode, stderr } = await runProgram(program, ['--replace', '--skip-cache', '--quiet'], { input: text, signal: AbortSignal.timeout(limitMs), killSignal: 'SIGKILL' }).catch((cause: unknown) => {
    throw isFault(cause, 'cancelled') ? new Fault('unsupported', `${PARSER} did not end within ${limitMs / 1000} s`, { cause }) : cause
  })
  const said = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Warning')).join('; ')
  if (exitCode !== 0) throw new Fault('unsupported', `${PARSER}: ${said || `exit code ${exitCode}`}`)
}
