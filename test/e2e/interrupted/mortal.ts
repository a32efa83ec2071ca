/**
 * Loaded into a command before anything of its own (`--import`): each effect the command has on the host is a point at which it may be killed. What the
 * points are is written to `GANTRY_MORTAL_POINTS`; `GANTRY_MORTAL_DEATH` says where it dies.
 */
import childProcess, { type ChildProcess } from 'node:child_process'
import fs from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import type { Death } from './deaths.ts'

const pointsFile = process.env['GANTRY_MORTAL_POINTS']
const death = process.env['GANTRY_MORTAL_DEATH'] === undefined ? undefined : (JSON.parse(process.env['GANTRY_MORTAL_DEATH']) as Death)
const { appendFileSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } = fs
const counts = new Map<string, number>()
const kill = process.kill.bind(process)

/** Alone: the programs it started do their work to the end. */
function die(): never {
  kill(death?.who === 'group' ? 0 : process.pid, 'SIGKILL')
  for (;;);
}

/** The same in every run: without a lab's number, process ids, and names that are a process's own. */
const same = (words: string): string => words.replace(/staging\/\d+-\d+-\w+/g, 'staging/OWN').replace(/(lease-|leases\/)[0-9a-f]{64}/g, '$1OWN').replace(/\.[0-9a-f]{12}\.tmp/g, '.tmp').replace(/gtlab\d+|gantry_lab\d+|\bgt\d+(?=[cnw])/g, 'LAB').replace(/\/numbers\/\d+/, '/numbers/N').replace(/\/proc\/\d+\//, '/proc/PID/').replace(/ \d{3,} /, ' PID ')

const short = (path: unknown): string => same(String(path).replace(/^\/sys\/fs\/cgroup\/[^/]+/, 'cgroup'))

interface Effect {
  readonly label: string
  /** Does a part of it. */
  readonly half?: (() => void) | undefined
}

/** Dies where that was asked; answers what is to be called when the effect is over. */
function reach({ label, half }: Effect): () => void {
  const nth = counts.get(label) ?? 0
  counts.set(label, nth + 1)
  if (pointsFile !== undefined) appendFileSync(pointsFile, `${JSON.stringify({ label, nth, hasHalf: half !== undefined })}\n`)
  if (death?.label !== label || death.nth !== nth) return () => {}
  if (death.side === 'before') die()
  if (death.side === 'half' && half) {
    half()
    die()
  }
  return die
}

type Call = (...given: readonly never[]) => Promise<unknown>

const VERBS = ['mkdir', 'writeFile', 'appendFile', 'rename', 'rm', 'rmdir', 'chmod', 'symlink', 'unlink'] as const

/** Half a text; half the files of a folder. */
function halfOf(verb: string, [path, what, options]: readonly unknown[]): Effect['half'] {
  if (verb === 'writeFile' && String(what).length > 1 && !String(path).startsWith('/sys/')) return () => writeFileSync(String(path), String(what).slice(0, String(what).length / 2), options as fs.WriteFileOptions)
  if (verb !== 'rm' || (what as { readonly recursive?: boolean } | undefined)?.recursive !== true) return undefined
  return () => {
    if (!existsSync(String(path)) || !statSync(String(path)).isDirectory()) return
    const files = readdirSync(String(path), { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory())
    for (const { parentPath, name } of files.slice(0, Math.ceil(files.length / 2))) rmSync(join(parentPath, name), { force: true })
  }
}

const patched = promises as unknown as Record<string, (...given: readonly unknown[]) => Promise<unknown>>
for (const verb of VERBS) {
  const original = patched[verb]
  if (!original) continue
  patched[verb] = async (...given) => {
    const words = verb === 'rename' ? given.slice(0, 2) : given.slice(0, 1)
    const over = reach({ label: `${verb} ${words.map(short).join(' ')}`, half: halfOf(verb, given) })
    const answer = await original(...given)
    over()
    return answer
  }
}

const open = patched['open']
if (open) {
  patched['open'] = async (...given) => {
    const over = String(given[0]).endsWith('/control') ? reach({ label: `order ${short(given[0])}` }) : () => {}
    const file = (await open(...given)) as promises.FileHandle
    const write = file.write.bind(file) as Call
    Object.assign(file, { write: async (...what: readonly never[]) => [await write(...what), over()] })
    return file
  }
}

process.kill = (pid, signal) => {
  // Whom it hits differs from run to run.
  const over = reach({ label: `kill ${signal ?? ''}` })
  const answer = kill(pid, signal)
  over()
  return answer
}

const spawn = childProcess.spawn as unknown as (program: string, words: readonly string[], options: object) => ChildProcess
childProcess.spawn = ((program: string, words: readonly string[], options: object) => {
  const label = same(`${program} ${words.map((word) => word.split('\n')[0]).join(' ')}`).slice(0, 160)
  const over = reach({ label: `start ${label}` })
  const child = spawn(program, words, options)
  // What it is to read is in its pipe by then.
  setTimeout(over, death?.delayMs ?? 0)
  child.once('exit', () => reach({ label: `end ${label}` })())
  return child
}) as unknown as typeof childProcess.spawn

syncBuiltinESMExports()
