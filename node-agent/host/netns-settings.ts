import { Fault } from '../../shared/kit/faults.ts'
import { inEnglish, runProgram } from './exec.ts'

/**
 * Writes settings of a network namespace, by their names with dots, in order.
 * @throws Fault('invalid') in runc's words for the first one that the kernel does not take.
 */
export async function writeNetnsSettings(netnsPath: string, settings: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, value] of Object.entries(settings)) {
    const path = `/proc/sys/${name.replace(/[./]/g, (one) => (one === '.' ? '/' : '.'))}`
    const { exitCode, stderr } = await runProgram('nsenter', [`--net=${netnsPath}`, 'tee', path], { input: value, env: inEnglish })
    const reason = reasonIn(stderr)
    if (exitCode !== 0) throw new Fault('invalid', `write sysctl key ${name}: ${isThere(reason) ? 'write' : 'open'} ${path}: ${reason}`)
  }
}

/** What the kernel said, as Go writes it, in no other language: the end of "tee: PATH: Invalid argument". */
const reasonIn = (stderr: string): string => (stderr.trim().split(': ').at(-1) ?? '').toLowerCase()

const isThere = (reason: string): boolean => reason !== 'no such file or directory' && reason !== 'permission denied'
