import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { replaceFile } from './host/replace-file.ts'

/**
 * By which a control plane tells whether an agent goes on with what one before it was granted: the boot, and the folder in which that one kept it. The boot id
 * alone does not say it: machines that are containers of one host all have that host's.
 * @param folder below /run: gone with the boot
 */
export async function lifeIdOf(bootId: string, folder: string): Promise<string> {
  const file = `${folder}/life`
  const known = await readFile(file, 'utf8').catch(() => '')
  if (known.startsWith(`${bootId}/`) && /^[0-9a-f]{8}\n$/.test(known.slice(bootId.length + 1))) return known.trim()
  const id = `${bootId}/${randomBytes(4).toString('hex')}`
  await replaceFile(file, `${id}\n`)
  return id
}
