import { mkdir, readdir, readFile, rename, rmdir, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { Fault } from '../../shared/kit/faults.ts'
import { defaultRoots, layoutOf, type LabRoots, type LabSpec } from './layout.ts'

/** The lab of that name, if it was made. */
export async function readSpec(name: string, roots: LabRoots = defaultRoots): Promise<LabSpec | undefined> {
  try {
    return JSON.parse(await readFile(`${roots.state}/labs/${name}/lab.json`, 'utf8')) as LabSpec
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Fault('corrupt', `${roots.state}/labs/${name}/lab.json cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

export async function listSpecs(roots: LabRoots = defaultRoots): Promise<readonly LabSpec[]> {
  const names = await readdir(`${roots.state}/labs`).catch(() => [])
  const specs = await Promise.all(names.map((name) => readSpec(name, roots)))
  return specs.filter((spec) => spec !== undefined)
}

/** Written whole or not at all. */
export async function writeSpec(spec: LabSpec, roots: LabRoots = defaultRoots): Promise<void> {
  const { state, specFile } = layoutOf(spec, roots)
  // Keys, tokens and what pods say: root's alone.
  await mkdir(state, { recursive: true, mode: 0o700 })
  await writeFile(`${specFile}.new`, `${JSON.stringify(spec, null, 2)}\n`)
  await rename(`${specFile}.new`, specFile)
}

/** Numbers are taken by making their folder, which only one can do; so two labs made at the same time never get the same one. */
const reservation = (number: number, roots: LabRoots): string => `${roots.state}/numbers/${number}`

/** Takes a number whose /24 neither another lab nor an interface of the host has. @throws Fault('exhausted') */
export async function reserveNumber(roots: LabRoots = defaultRoots): Promise<number> {
  const taken = new Set((await listSpecs(roots)).map((spec) => spec.number))
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address } of addresses ?? []) if (address.startsWith('10.89.')) taken.add(Number(address.split('.')[2]))
  }
  await mkdir(`${roots.state}/numbers`, { recursive: true })
  for (let number = 0; number < 200; number++) {
    if (taken.has(number)) continue
    const mine = await mkdir(reservation(number, roots)).then(() => true, () => false)
    if (mine) return number
  }
  throw new Fault('exhausted', 'two hundred labs are up on this host: take one down first ("gantry lab down --name NAME")')
}

export async function releaseNumber(number: number, roots: LabRoots = defaultRoots): Promise<void> {
  await rmdir(reservation(number, roots)).catch(() => {})
}

/** Whether no number is taken any more, not even by a lab that is being made at this moment. */
export const releaseNumbers = (roots: LabRoots = defaultRoots): Promise<boolean> => rmdir(`${roots.state}/numbers`).then(() => true, () => false)
