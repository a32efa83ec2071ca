import { lstat, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../shared/kit/faults.ts'
import { unlessMissing } from './errno.ts'

const MAX_LINKS = 40

/**
 * Where `path` leads when `root` is taken for `/`: symlinks are followed inside the root (absolute ones start at the root again), and none can
 * lead out of it. The parts that do not exist are kept as they are. Throws Fault('invalid') where links form a circle.
 *
 * @param climb what `..` at the root means: `stay` there, as the kernel has it, or `refuse` with Fault('invalid').
 *
 * Only for trees nobody changes meanwhile (an image's files before the container starts); for the others see `volumes/sub-path.ts`.
 */
export async function resolveInside(root: string, path: string, climb: 'stay' | 'refuse' = 'stay'): Promise<string> {
  const waiting = path.split('/').reverse()
  const done: string[] = []
  let links = 0
  for (let part = waiting.pop(); part !== undefined; part = waiting.pop()) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      if (done.pop() === undefined && climb === 'refuse') throw new Fault('invalid', `${path} leads out of its root`)
      continue
    }
    done.push(part)
    const link = await linkAt(join(root, ...done))
    if (link === undefined) continue
    if (++links > MAX_LINKS) throw new Fault('invalid', `${path} goes through too many symbolic links`)
    done.pop()
    if (link.startsWith('/')) done.length = 0
    waiting.push(...link.split('/').reverse())
  }
  return join(root, ...done)
}

async function linkAt(path: string): Promise<string | undefined> {
  const about = await unlessMissing(lstat(path))
  return about?.isSymbolicLink() === true ? await readlink(path) : undefined
}
