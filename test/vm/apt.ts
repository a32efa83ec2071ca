/** Debian's packages: installed where a program is missing, or only unpacked into a folder of the working copy. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Why there can be no machine here: a sentence for people. */
export class NoMachine extends Error {}

const APT_LIMIT_MS = 300_000

const isThere = (program: string): boolean => ['/usr/bin', '/usr/sbin', '/bin', '/sbin', '/usr/local/bin'].some((folder) => existsSync(join(folder, program)))

/** @param packages by the programs they bring. */
export function install(packages: Readonly<Record<string, string>>): void {
  const missing = Object.entries(packages).filter(([program]) => !isThere(program)).map(([, name]) => name)
  if (missing.length === 0) return
  console.log(`installing ${missing.join(', ')} …`)
  apt('apt-get', ['install', '-y', '--no-install-recommends', ...missing])
}

/** The first package, by its real name, on which one that is only a name depends. */
export function firstDependency(name: string, pattern: RegExp): string {
  const found = apt('apt-cache', ['depends', name]).split('\n').map((line) => /^\s*Depends: (\S+)/.exec(line)?.[1]).find((one) => one !== undefined && pattern.test(one))
  if (found === undefined) throw new NoMachine(`apt knows no package ${name}: a Debian host is needed, or its packages among apt's sources`)
  return found
}

/** Puts the files of a package into `folder`, whole or not at all; what it says of itself is returned. @param name with `=VERSION` where it matters. */
export function unpack(name: string, folder: string): string {
  const draft = `${folder}.draft`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true })
  console.log(`fetching ${name} …`)
  apt('apt-get', ['download', name], draft)
  const file = join(draft, readdirSync(draft).find((one) => one.endsWith('.deb')) ?? '')
  mustRun('dpkg-deb', ['-x', file, join(draft, 'whole')])
  const fields = mustRun('dpkg-deb', ['-f', file])
  rmSync(folder, { recursive: true, force: true })
  renameSync(join(draft, 'whole'), folder)
  rmSync(draft, { recursive: true, force: true })
  return fields
}

export interface RunOptions {
  readonly cwd?: string
  readonly limitMs?: number
}

/** Its output. @throws NoMachine with its last words. */
export function mustRun(program: string, words: readonly string[], { cwd = '/', limitMs = APT_LIMIT_MS }: RunOptions = {}): string {
  // No input: it would be a socket, which bash takes for a login from afar, so that each shell of a build would run the user's `.bashrc` first.
  const result = spawnSync(program, words, { cwd, encoding: 'utf8', timeout: limitMs, maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
  if (result.error) throw new NoMachine(`the machine's parts come from Debian's packages, and ${program} cannot be run here: ${result.error.message}`)
  if (result.status !== 0) throw new NoMachine(`${program} ${words.join(' ')} failed, and without it there is no machine: ${result.stderr.trim().split('\n').slice(-3).join(' ')}`)
  return result.stdout
}

/** Once more with fresh lists where the first try fails. */
function apt(program: 'apt-get' | 'apt-cache', words: readonly string[], cwd = '/'): string {
  try {
    return mustRun(program, words, { cwd })
  } catch {
    mustRun('apt-get', ['update'])
    return mustRun(program, words, { cwd })
  }
}
