/** Debian packages, with what they depend on, unpacked into folders: nothing of it is installed on the host, and none of their scripts is run. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

/** Why there can be none here: a sentence for people. */
export class NoPackages extends Error {}

const LIMIT_MS = 300_000

function apt(words: readonly string[], cwd: string): string {
  try {
    return execFileSync('apt-get', words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS, maxBuffer: 1 << 26, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' } })
  } catch (cause) {
    throw new NoPackages(`apt-get ${words.slice(0, 3).join(' ')} … cannot be done here: ${String((cause as { readonly stderr?: unknown }).stderr ?? cause)}`, { cause })
  }
}

/** `name=version` of the packages and all they depend on, as for a host that has none. */
function closureOf(packages: readonly string[]): readonly string[] {
  const ask = (): string => apt(['-s', '-o', 'Dir::State::status=/dev/null', 'install', '--no-install-recommends', ...packages], '/')
  const answer = ((): string => {
    try {
      return ask()
    } catch {
      apt(['update'], '/')
      return ask()
    }
  })()
  return [...answer.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name = '', version = '']) => `${name}=${version}`)
}

/** Their files, kept in `folder`. */
function fetched(folder: string, wanted: readonly string[]): readonly string[] {
  mkdirSync(folder, { recursive: true })
  const fileOf = (one: string): string | undefined => {
    const [name = '', version = ''] = one.split('=')
    return readdirSync(folder).find((file) => file.startsWith(`${name}_${version.replaceAll(':', '%3a')}_`))
  }
  const missing = wanted.filter((one) => fileOf(one) === undefined)
  if (missing.length > 0) apt(['download', ...missing], folder)
  return wanted.map((one) => join(folder, fileOf(one) ?? ''))
}

export interface Wanted {
  readonly packages: readonly string[]
  /** What of their dependencies is left out. */
  readonly without: RegExp
  /** Packages that are there already, with what they depend on. */
  readonly beside: readonly string[]
}

/** Unpacks them into `root`, without manuals and translations. @param cache where the packages are kept. @throws NoPackages */
export function unpackPackages(root: string, cache: string, { packages, without, beside }: Wanted): void {
  rmSync(root, { recursive: true, force: true })
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) {
    mkdirSync(join(root, 'usr', name), { recursive: true })
    symlinkSync(`usr/${name}`, join(root, name))
  }
  const there = new Set(beside.length === 0 ? [] : closureOf(beside))
  const wanted = closureOf(packages).filter((one) => !there.has(one) && !without.test(one.split('=')[0] ?? ''))
  for (const file of fetched(cache, wanted)) {
    execFileSync('sh', ['-c', 'dpkg-deb --fsys-tarfile "$1" | tar -x -C "$0" --keep-directory-symlink --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale --exclude=./usr/share/i18n', root, file], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
}
