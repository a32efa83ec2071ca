/** Kernel modules by name, with those they stand on, in the order in which they can be loaded. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

export interface KernelModule {
  readonly name: string
  readonly file: string
}

/** @param folder of one kernel, `…/lib/modules/6.1.0-1-amd64`. Names that are built in, or unknown to this kernel, are left out. */
export function modulesInOrder(folder: string, names: readonly string[]): readonly KernelModule[] {
  const files = new Map(readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ko')).map((path) => [nameOf(path), join(folder, path)]))
  const ordered = new Map<string, KernelModule>()
  const add = (name: string): void => {
    const file = files.get(nameOf(name))
    if (file === undefined || ordered.has(file)) return
    for (const needed of needsOf(file)) add(needed)
    ordered.set(file, { name: nameOf(name), file })
  }
  for (const name of names) add(name)
  return [...ordered.values()]
}

/** `nf-nat.ko` and `nf_nat` are one. */
const nameOf = (path: string): string => basename(path, '.ko').replaceAll('-', '_')

/** The module says it itself, among the texts of its section `.modinfo`. */
function needsOf(file: string): readonly string[] {
  const text = readFileSync(file, 'latin1')
  const said = /\0depends=([^\0]*)\0/.exec(text)?.[1] ?? ''
  return said.split(',').filter((name) => name !== '')
}
