/** What the machine is made of. Nothing else of Gantry needs it. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { firstDependency, install, NoMachine, unpack } from './apt.ts'
import { userModeKernel } from './user-mode.ts'

interface Common {
  /** `…/lib/modules/6.1.0-1-amd64` of the kernel. */
  readonly modules: string
  /** A program that needs no library. */
  readonly busybox: string
}

export type MachineParts =
  /** A kernel that is an ordinary program: it computes as fast as the host; each call to it costs some ten microseconds. One processor. */
  | (Common & { readonly kind: 'user-mode'; readonly program: string })
  /** A computer in plain emulation: twenty to sixty times slower than the host. */
  | (Common & { readonly kind: 'emulated'; readonly emulator: string; readonly kernel: string })

const EMULATOR = 'qemu-system-x86_64'
const EMULATOR_PACKAGE = 'qemu-system-x86'
/** The one for clouds lacks the file system over which the host's files are lent. */
const KERNEL_PACKAGE = 'linux-image-amd64'

/** @param folder where what is fetched is kept: no kernel is installed, for the host boots with its own. @throws NoMachine */
export function machineParts(folder: string, { emulated }: { readonly emulated: boolean }): MachineParts {
  if (process.arch !== 'x64') throw new NoMachine(`the machine is an x86-64 one and this host is ${process.arch}`)
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path))
  if (busybox === undefined) throw new NoMachine('busybox-static is missing: "node deploy/bootstrap/run.mjs prepare" installs it')
  if (emulated) return emulatedParts(join(folder, 'kernel'), busybox)
  try {
    return { kind: 'user-mode', busybox, ...userModeKernel(join(folder, 'user-mode')) }
  } catch (error) {
    if (!(error instanceof NoMachine)) throw error
    console.log(`machine: emulated, for a kernel in user mode cannot be had: ${error.message}`)
    return emulatedParts(join(folder, 'kernel'), busybox)
  }
}

function emulatedParts(folder: string, busybox: string): MachineParts {
  install({ [EMULATOR]: EMULATOR_PACKAGE })
  if (findKernel(folder) === undefined) unpack(firstDependency(KERNEL_PACKAGE, /^linux-image-/), folder)
  const found = findKernel(folder)
  if (found === undefined) throw new NoMachine(`there is no kernel in the package ${KERNEL_PACKAGE}`)
  return { kind: 'emulated', emulator: EMULATOR, busybox, ...found }
}

function findKernel(folder: string): { readonly kernel: string; readonly modules: string } | undefined {
  const boot = join(folder, 'boot')
  const name = existsSync(boot) ? readdirSync(boot).find((one) => one.startsWith('vmlinuz-')) : undefined
  return name === undefined ? undefined : { kernel: join(boot, name), modules: join(folder, 'lib/modules', name.slice('vmlinuz-'.length)) }
}
