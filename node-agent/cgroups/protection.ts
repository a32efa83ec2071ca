import { basename, dirname, join } from 'node:path'
import type { MemoryProtection } from './memory-qos.ts'
import { POD_PREFIX } from './port.ts'
import { amountIn, childGroups, readGroupFile, writeGroupFile } from './tree.ts'

const FILES = ['memory.min', 'memory.low'] as const
type Amounts = readonly [min: number, low: number]
const NOTHING: Amounts = [0, 0]

const added = (all: readonly Amounts[]): Amounts => all.reduce<Amounts>(([min, low], one) => [min + one[0], low + one[1]], NOTHING)

async function read(folder: string): Promise<Amounts> {
  const [min = 0, low = 0] = await Promise.all(FILES.map(async (file) => amountIn(await readGroupFile(folder, file))))
  return [min, low]
}

const write = async (folder: string, amounts: Amounts): Promise<void> => {
  for (const [index, file] of FILES.entries()) await writeGroupFile(folder, file, amounts[index] ?? 0)
}

/**
 * What pods have for themselves (`memory.min`, `memory.low`) the kernel grants only as far as each group above them has it, too: these are told the sums, as kubelet
 * tells `kubepods`. Of version 2's tree.
 */
export class ParentProtection {
  readonly #root: string
  readonly #parent: string
  readonly #pods: Map<string, Amounts>
  #last: Promise<void> = Promise.resolve()

  private constructor(root: string, parent: string, pods: Map<string, Amounts>) {
    this.#root = root
    this.#parent = parent
    this.#pods = pods
  }

  /** Finds what an agent before this one left. @param parent the group of all pods, from the root on */
  static async open(root: string, parent: string): Promise<ParentProtection> {
    const names = (await childGroups(join(root, parent))).filter((name) => name.startsWith(POD_PREFIX))
    return new ParentProtection(root, parent, new Map(await Promise.all(names.map(async (name) => [name, await read(join(root, parent, name))] as const))))
  }

  /** A group has been given this; others than those of pods are passed over. */
  async changed(path: string, { memoryMinBytes = 0, memoryLowBytes = 0 }: MemoryProtection): Promise<void> {
    if (dirname(path) !== this.#parent || !basename(path).startsWith(POD_PREFIX)) return
    const [min, low] = this.#pods.get(basename(path)) ?? NOTHING
    this.#pods.set(basename(path), [memoryMinBytes, memoryLowBytes])
    if (min !== memoryMinBytes || low !== memoryLowBytes) await this.#tell()
  }

  async removed(path: string): Promise<void> {
    const [min, low] = (dirname(path) === this.#parent ? this.#pods.get(basename(path)) : undefined) ?? NOTHING
    this.#pods.delete(basename(path))
    if (min !== 0 || low !== 0) await this.#tell()
  }

  /** One after another: a sum that is told late would stand. */
  #tell(): Promise<void> {
    this.#last = this.#last.then(
      () => this.#write(),
      () => this.#write(),
    )
    return this.#last
  }

  async #write(): Promise<void> {
    await write(join(this.#root, this.#parent), added([...this.#pods.values()]))
    for (let path = dirname(this.#parent); path !== '/'; path = dirname(path)) {
      const folder = join(this.#root, path)
      await write(folder, added(await Promise.all((await childGroups(folder)).map((name) => read(join(folder, name))))))
    }
  }
}

/** Where nothing is kept for pods any more: what they were given stays without effect. */
export async function withdrawProtection(root: string, parent: string): Promise<void> {
  // A kernel whose groups do not count memory has no such files.
  await write(join(root, parent), NOTHING).catch(() => {})
}
