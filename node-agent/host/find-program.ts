import { access, constants } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { Fault } from '../../shared/kit/faults.ts'

/** Folders that hold system programs even where the caller's PATH leaves them out. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** The path of a program, as a shell would find it. @throws Fault('unsupported') naming what is to be installed. */
export async function findProgram(name: string): Promise<string> {
  for (const folder of [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS]) {
    const path = join(folder, name)
    const found = await access(path, constants.X_OK).then(() => folder !== '', () => false)
    if (found) return path
  }
  throw new Fault('unsupported', `${name} is not installed: on Debian "apt-get install ${name}" brings it`)
}
