/** What the machine is made of: an emulator and a kernel, both of Debian, fetched by apt where they are missing. Nothing else of Gantry needs them. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

export interface MachineParts {
  readonly emulator: string
  readonly kernel: string
  /** `…/lib/modules/6.1.0-1-amd64` of that kernel. */
  readonly modules: string
  /** A program that needs no library. */
  readonly busybox: string
}

/** Why there can be no machine here: a sentence for people. */
export class NoMachine extends Error {}

const EMULATOR = 'qemu-system-x86_64'
const EMULATOR_PACKAGE = 'qemu-system-x86'
/** The one for clouds lacks the file system over which the host's files are lent. */
const KERNEL_PACKAGE = 'linux-image-amd64'
const APT_LIMIT_MS = 300_000

/** @param folder where the unpacked kernel is kept: it is not installed, for the host boots with its own. @throws NoMachine */
export function machineParts(folder: string): MachineParts {
  if (process.arch !== 'x64') throw new NoMachine(`the machine is an x86-64 one and this host is ${process.arch}`)
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path))
  if (busybox === undefined) throw new NoMachine('busybox-static is missing: "node deploy/bootstrap/run.mjs prepare" installs it')
  if (!isThere(EMULATOR)) {
    console.log(`installing ${EMULATOR_PACKAGE} …`)
    apt(['install', '-y', '--no-install-recommends', EMULATOR_PACKAGE])
  }
  return { emulator: EMULATOR, busybox, ...(findKernel(folder) ?? fetchKernel(folder)) }
}

const isThere = (program: string): boolean => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0

function findKernel(folder: string): Pick<MachineParts, 'kernel' | 'modules'> | undefined {
  const boot = join(folder, 'boot')
  const name = existsSync(boot) ? readdirSync(boot).find((one) => one.startsWith('vmlinuz-')) : undefined
  return name === undefined ? undefined : { kernel: join(boot, name), modules: join(folder, 'lib/modules', name.slice('vmlinuz-'.length)) }
}

function fetchKernel(folder: string): Pick<MachineParts, 'kernel' | 'modules'> {
  const draft = `${folder}.draft`
  rmSync(draft, { recursive: true, force: true })
  mkdirSync(draft, { recursive: true })
  const depends = apt(['depends', KERNEL_PACKAGE], 'apt-cache').split('\n')
  const name = depends.map((line) => /^\s*Depends: (linux-image-\S+)/.exec(line)?.[1]).find((one) => one !== undefined)
  if (name === undefined) throw new NoMachine(`apt knows no package ${KERNEL_PACKAGE}: a Debian host is needed, or its packages among apt's sources`)
  console.log(`fetching ${name} …`)
  apt(['download', name], 'apt-get', draft)
  const file = readdirSync(draft).find((one) => one.endsWith('.deb')) ?? ''
  const unpacked = spawnSync('dpkg-deb', ['-x', join(draft, file), join(draft, 'whole')], { encoding: 'utf8' })
  if (unpacked.status !== 0) throw new NoMachine(`the package ${name} cannot be unpacked: ${unpacked.stderr}`)
  rmSync(folder, { recursive: true, force: true })
  renameSync(join(draft, 'whole'), folder)
  rmSync(draft, { recursive: true, force: true })
  const found = findKernel(folder)
  if (found === undefined) throw new NoMachine(`there is no kernel in the package ${name}`)
  return found
}

/** Once more with fresh lists where the first try fails. */
function apt(words: readonly string[], program = 'apt-get', cwd = '/'): string {
  const once = (what: readonly string[]): ReturnType<typeof spawnSync> & { readonly stdout: string; readonly stderr: string } =>
    spawnSync(program === 'apt-cache' && what[0] !== 'update' ? 'apt-cache' : 'apt-get', what, { cwd, encoding: 'utf8', timeout: APT_LIMIT_MS, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
  let result = once(words)
  if (result.status !== 0) {
    once(['update'])
    result = once(words)
  }
  if (result.error) throw new NoMachine(`the machine's parts come from Debian's packages, and ${program} cannot be run here: install ${EMULATOR_PACKAGE} yourself`)
  if (result.status !== 0) throw new NoMachine(`${program} ${words.join(' ')} failed, and without it there is no machine: ${result.stderr.trim().split('\n').slice(-3).join(' ')}`)
  return result.stdout
}
