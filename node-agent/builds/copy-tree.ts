import { constants, type Stats } from 'node:fs'
import { chmod, chown, copyFile, lchown, link, lstat, lutimes, mkdir, readlink, symlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Fault } from '../../shared/kit/faults.ts'
import type { IgnoreRules } from '../../shared/model/dockerfile/ignore.ts'
import { unlessMissing } from '../host/errno.ts'
import { namesIn, removeTree } from '../host/files.ts'
import { resolveInside } from '../host/files-scoped.ts'
import type { SpecialFiles } from '../host/files-special.ts'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

export interface CopyOptions {
  readonly special: SpecialFiles
  /** Of all that is copied; undefined: each keeps its own. */
  readonly owner: Owner | undefined
  /** Of all files and folders that are copied; undefined: each keeps its own. */
  readonly mode: number | undefined
  readonly excluded: IgnoreRules
  readonly signal: AbortSignal
}

/**
 * Copies files into an image's root folder. Links of the image are followed on the way to a place, and never out of it; what is copied is never followed.
 * Both trees must be nobody else's meanwhile.
 */
export class TreeCopier {
  readonly #root: string
  readonly #options: CopyOptions
  readonly #linked = new Map<string, string>()

  constructor(root: string, options: CopyOptions) {
    this.#root = root
    this.#options = options
  }

  /** A folder of the image, made with those on the way to it where they are missing. */
  async folder(path: string): Promise<string> {
    const place = await resolveInside(this.#root, path)
    const missing: string[] = []
    for (let at = place; (await unlessMissing(lstat(at))) === undefined; at = dirname(at)) missing.push(at)
    for (const one of missing.toReversed()) {
      await mkdir(one)
      await chmod(one, 0o755)
      await chown(one, this.#options.owner?.uid ?? 0, this.#options.owner?.gid ?? 0)
    }
    if (!(await lstat(place)).isDirectory()) throw new Fault('invalid', `${path} is a file of the image: nothing can be put into it`)
    return place
  }

  async isFolder(path: string): Promise<boolean> {
    return (await unlessMissing(lstat(await resolveInside(this.#root, path))))?.isDirectory() === true
  }

  /** What is in a folder goes into the place; a file becomes it. */
  async put(source: string, path: string): Promise<void> {
    const about = await lstat(source)
    if (!about.isDirectory()) {
      const parent = await this.folder(dirname(path))
      return await this.#file(source, join(parent, basename(path)), about)
    }
    const isNew = !(await this.isFolder(path))
    const place = await this.folder(path)
    if (isNew) await this.#attributes(source, place, about)
    await this.#contents({ source, target: place, way: '' })
    if (isNew) await lutimes(place, about.mtimeMs / 1000, about.mtimeMs / 1000)
  }

  async #contents({ source, target, way }: { readonly source: string; readonly target: string; readonly way: string }): Promise<void> {
    for (const name of (await namesIn(source)).toSorted()) {
      this.#options.signal.throwIfAborted()
      const inside = way === '' ? name : `${way}/${name}`
      const [from, to] = [join(source, name), join(target, name)]
      const about = await lstat(from)
      if (this.#options.excluded.ignores(inside) && !(about.isDirectory() && this.#options.excluded.hasExceptions)) continue
      if (about.isDirectory()) await this.#subfolder({ from, to, inside }, about)
      else await this.#file(from, to, about)
    }
  }

  async #subfolder({ from, to, inside }: { readonly from: string; readonly to: string; readonly inside: string }, about: Stats): Promise<void> {
    const there = await unlessMissing(lstat(to))
    // A link to a folder of the image is that folder.
    const place = there?.isSymbolicLink() === true ? await this.folder(to.slice(this.#root.length)) : to
    const isNew = there === undefined
    if (there !== undefined && !there.isDirectory() && !there.isSymbolicLink()) throw new Fault('invalid', `cannot copy the folder ${inside} over ${to.slice(this.#root.length)}, which is a file of the image`)
    if (isNew) {
      await mkdir(place)
      await this.#attributes(from, place, about)
    }
    await this.#contents({ source: from, target: place, way: inside })
    if (isNew) await lutimes(place, about.mtimeMs / 1000, about.mtimeMs / 1000)
  }

  async #file(from: string, to: string, about: Stats): Promise<void> {
    if (about.isSocket()) return
    const there = await unlessMissing(lstat(to))
    if (there?.isDirectory() === true) throw new Fault('invalid', `cannot copy a file over ${to.slice(this.#root.length)}, which is a folder of the image`)
    if (there !== undefined) await removeTree(to)
    const key = `${about.dev} ${about.ino}`
    const first = about.nlink > 1 ? this.#linked.get(key) : undefined
    if (first !== undefined) return await link(first, to)
    if (about.isSymbolicLink()) await symlink(await readlink(from), to)
    else if (about.isFile()) await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    else await this.#options.special.makeNode(to, { kind: about.isFIFO() ? 'pipe' : about.isBlockDevice() ? 'block' : 'char', major: (about.rdev >>> 8) & 0xfff, minor: (about.rdev & 0xff) | ((about.rdev >>> 12) & 0xfff00), mode: about.mode & 0o7777 })
    if (about.nlink > 1) this.#linked.set(key, to)
    await this.#attributes(from, to, about)
    await lutimes(to, about.mtimeMs / 1000, about.mtimeMs / 1000)
  }

  /** Order matters: chown clears setuid and capabilities. */
  async #attributes(from: string, to: string, about: Stats): Promise<void> {
    const { owner, mode, special } = this.#options
    await lchown(to, owner?.uid ?? about.uid, owner?.gid ?? about.gid)
    if (!about.isSymbolicLink()) await chmod(to, mode ?? about.mode & 0o7777)
    if (!about.isFile() && !about.isDirectory()) return
    for (const [name, value] of await special.attributes(from)) if (name.startsWith('user.') || name === 'security.capability') await special.setAttribute(to, name, value)
  }
}
