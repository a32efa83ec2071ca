import { mkdir, readdir, readFile, readlink, rename, rm, rmdir, symlink, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { errnoOf, unlessMissing } from '../../node-agent/host/errno.ts'
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
  const specs = await Promise.all(names.filter((name) => !name.startsWith('.')).map((name) => readSpec(name, roots)))
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

/** What is being removed goes by a name that no lab has, so that a lab is there as a whole or not at all. */
const leaving = (lab: string, roots: LabRoots): string => `${roots.state}/labs/.${lab}.gone`

/** Removes the lab's data and gives its number back, also what a command that was killed left of either. Answers whether there was anything. */
export async function forgetLab(lab: string, roots: LabRoots = defaultRoots): Promise<boolean> {
  const gone = leaving(lab, roots)
  const exists = (path: string): Promise<boolean> => readdir(path).then(() => true, () => false)
  const state = `${roots.state}/labs/${lab}`
  const numbers = await numbersOf(lab, roots)
  const was = numbers.length > 0 || (await exists(gone)) || (await exists(state))
  await rm(gone, { recursive: true, force: true })
  if (await exists(state)) await rename(state, gone)
  await rm(gone, { recursive: true, force: true })
  for (const number of numbers) await releaseNumber(number, roots)
  return was
}

/** Numbers are taken by a link that names their lab, which only one can make; so two labs made at the same time never get the same one. */
const reservation = (number: number | string, roots: LabRoots): string => `${roots.state}/numbers/${number}`

async function reservations(roots: LabRoots): Promise<readonly { readonly number: number; readonly lab: string }[]> {
  const all = await readdir(`${roots.state}/numbers`).catch(() => [])
  const owned = await Promise.all(all.map((number) => readlink(reservation(number, roots)).then((lab) => [{ number: Number(number), lab }], () => [])))
  return owned.flat()
}

const numbersOf = async (lab: string, roots: LabRoots): Promise<readonly number[]> => (await reservations(roots)).filter((one) => one.lab === lab).map(({ number }) => number)

/** Every lab that has anything here, also one that was never made whole. */
export async function labNames(roots: LabRoots = defaultRoots): Promise<readonly string[]> {
  const folders = await readdir(`${roots.state}/labs`).catch(() => [])
  const named = folders.map((folder) => /^\.(.*)\.gone$/.exec(folder)?.[1] ?? folder)
  return [...new Set([...named, ...(await reservations(roots)).map(({ lab }) => lab)])].toSorted()
}

/** Takes a number whose /24 neither another lab nor an interface of the host has. @throws Fault('exhausted') */
export async function reserveNumber(lab: string, roots: LabRoots = defaultRoots): Promise<number> {
  const taken = new Set((await listSpecs(roots)).map((spec) => spec.number))
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { address } of addresses ?? []) if (address.startsWith('10.89.')) taken.add(Number(address.split('.')[2]))
  }
  await mkdir(`${roots.state}/numbers`, { recursive: true })
  for (let number = 0; number < 200; number++) {
    if (taken.has(number)) continue
    const mine = await symlink(lab, reservation(number, roots)).then(() => true, () => false)
    if (mine) return number
  }
  throw new Fault('exhausted', 'two hundred labs are up on this host: take one down first ("gantry lab down --name NAME")')
}

export async function releaseNumber(number: number, roots: LabRoots = defaultRoots): Promise<void> {
  await rm(reservation(number, roots), { recursive: true, force: true })
}

/** Whether no number is taken any more, not even by a lab that is being made at this moment. */
export const releaseNumbers = (roots: LabRoots = defaultRoots): Promise<boolean> => rmdir(`${roots.state}/numbers`).then(() => true, () => false)

/** All data of all labs. Where the folder is a mount of its own, a disk for this data, it is emptied and stays. */
export async function removeState({ state }: LabRoots = defaultRoots): Promise<void> {
  for (const name of (await unlessMissing(readdir(state))) ?? []) await rm(`${state}/${name}`, { recursive: true, force: true })
  await unlessMissing(rmdir(state)).catch((error: unknown) => {
    if (errnoOf(error) !== 'EBUSY') throw error
  })
}
