import { readFile } from 'node:fs/promises'
import type { Pressure, Pressures, Stalls } from '../cgroups/port.ts'
import { unlessMissing } from './errno.ts'

const NONE: Stalls = { total: 0, avg10: 0, avg60: 0, avg300: 0 }

/** A pressure file of the kernel; of processors older kernels tell no `full`. */
export function parsePressure(text: string): Pressure {
  const stallsOf = (kind: string): Stalls => {
    const line = text.split('\n').find((one) => one.startsWith(`${kind} `))
    return line === undefined ? NONE : { ...NONE, ...Object.fromEntries(line.split(' ').slice(1).map((pair) => pair.split('=')).map(([name, value]) => [name, Number(value)])) }
  }
  return { full: stallsOf('full'), some: stallsOf('some') }
}

/** Of what has a file for each; a kernel without them, or with them switched off, tells of none. @param fileOf of one of the three */
export async function pressuresIn(fileOf: (of: keyof Pressures) => string): Promise<Pressures> {
  const all = await Promise.all(
    (['cpu', 'memory', 'io'] as const).map(async (of) => {
      const text = await unlessMissing(readFile(fileOf(of), 'utf8')).catch(() => undefined)
      return text === undefined ? [] : [[of, parsePressure(text)] as const]
    }),
  )
  return Object.fromEntries(all.flat())
}

/** Of the whole machine. */
export const machinePressures = (): Promise<Pressures> => pressuresIn((of) => `/proc/pressure/${of}`)
