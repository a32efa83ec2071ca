/**
 * Import this first: every call of this process that changes something on the host becomes a point at which it can be killed, right before or right
 * after. Only tests are composed with it; the code under test knows nothing of it.
 */
import childProcess from 'node:child_process'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/** A point by its name and how often that came before, since the last {@link watchFor}. */
export interface CrashPoint {
  readonly label: string
  readonly nth: number
  readonly side: 'before' | 'after'
}

let counts = new Map<string, number>()
let death: CrashPoint | undefined
let onPoint: (label: string) => void = () => {}
/** Part of paths that differs from run to run. */
let root = '/nowhere'

export function configureCrashes(options: { readonly root: string; readonly onPoint: (label: string) => void }): void {
  root = options.root
  onPoint = options.onPoint
}

/** Counts anew, and dies at that point if there is one. */
export function watchFor(point: CrashPoint | undefined): void {
  counts = new Map()
  death = point
}

function reach(label: string): number {
  const nth = counts.get(label) ?? 0
  counts.set(label, nth + 1)
  onPoint(label)
  return nth
}

function dieIf(label: string, nth: number, side: CrashPoint['side']): void {
  if (death?.label === label && death.nth === nth && death.side === side) process.kill(process.pid, 'SIGKILL')
}

/** Runs one call as a point. */
export function point<T>(name: string, work: () => T): T {
  const label = plain(name)
  const nth = reach(label)
  dieIf(label, nth, 'before')
  const answer = work()
  if (!(answer instanceof Promise)) {
    dieIf(label, nth, 'after')
    return answer
  }
  return answer.finally(() => dieIf(label, nth, 'after')) as T
}

/** The same call has the same label in every run. */
const plain = (name: string): string =>
  name
    .replaceAll(root, '')
    .replace(/\.\.\d{4}(_\d+)+(\.\d+)?/g, '..TIME')
    .replace(/\d+-\d+\.tmp/g, 'tmp')
    .replace(/exec-[0-9a-f]+/g, 'exec-N')
    .replace(/(staging|sweeps)\/\d+-\d+-\w*/g, '$1/OWN')
    .replace(/\.[0-9a-f]{12}\.tmp/g, '.tmp')
    .replace(/\/proc\/\d+/g, '/proc/PID')
    .replace(/fd\/\d+/g, 'fd/N')
    .replace(/^(file \w+) \d+$/, '$1 N')
    .replace(/lowerdir=.*/, '')

type Any = (...words: readonly unknown[]) => unknown

const READS = new Set(['access', 'exists', 'stat', 'lstat', 'fstat', 'statfs', 'readFile', 'readdir', 'readlink', 'realpath', 'opendir', 'glob', 'watch', 'watchFile', 'unwatchFile', 'read', 'readv', 'close', 'createReadStream', 'constants', 'openAsBlob'])
const isRead = (name: string): boolean => READS.has(name.replace(/Sync$/, ''))
const opensForReading = (flags: unknown): boolean => flags === undefined || flags === 'r' || (typeof flags === 'number' && (flags & 3) === 0 && (flags & fs.constants.O_CREAT) === 0)

function patch(owner: Record<string, unknown>, kind: string, keep: (name: string) => boolean): void {
  for (const [name, value] of Object.entries(owner)) {
    if (typeof value !== 'function' || isRead(name) || !keep(name)) continue
    const real = value as Any
    owner[name] = (...words: readonly unknown[]) => (/^open(Sync)?$/.test(name) && opensForReading(words[1]) ? real(...words) : point(`${kind} ${name} ${String(words[0])}`, () => real(...words)))
  }
}

patch(fs.promises as unknown as Record<string, unknown>, 'file', () => true)
patch(fs as unknown as Record<string, unknown>, 'file', (name) => name.endsWith('Sync') && !name.startsWith('_'))

const { spawn } = childProcess
childProcess.spawn = ((program: string, words: readonly string[], ...rest: readonly unknown[]) => point(`spawn ${program.split('/').at(-1)} ${words.filter((word) => /^[a-z]+$/.test(word)).slice(0, 3).join(' ')}`, () => (spawn as unknown as Any)(program, words, ...rest))) as typeof spawn

const CALLS = ['mount', 'umount2', 'lsetxattr', 'mknod', 'send', 'ioctl']
const ffi = process.getBuiltinModule('node:ffi') as unknown as { dlopen: Any } | undefined
if (ffi) {
  const dlopen = ffi.dlopen
  const watched: Any = (...words) => {
    const loaded = dlopen(...words) as { readonly functions: Readonly<Record<string, Any>> }
    const functions = Object.fromEntries(Object.entries(loaded.functions).map(([name, call]) => [name, CALLS.includes(name) ? (...given: readonly unknown[]) => point(`call ${name} ${given.filter((one) => typeof one === 'string').join(' ')}`, () => call(...given)) : call]))
    return { ...loaded, functions }
  }
  try {
    ffi.dlopen = watched
  } catch {
    // Not to be watched in this Node: what is around those calls is.
  }
}
syncBuiltinESMExports()
