/** A virtual machine in plain emulation: no special rights, no network, ten to twenty times slower than the host, with the host's files below its own. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { cpioArchive } from './cpio.ts'
import { HOST_TAG, initScript, OUT_TAG } from './init.ts'
import { modulesInOrder } from './modules.ts'
import type { MachineParts } from './parts.ts'

export interface MachineOptions {
  readonly parts: MachineParts
  /** The working copy: at the same path inside. */
  readonly root: string
  /** Shell lines, run in it as root. */
  readonly script: string
  /** A folder of the host in which the script may leave what it found (`OUT_FOLDER` inside). Emptied before. */
  readonly out: string
  /** For initramfs and the like. */
  readonly folder: string
  readonly memoryMegabytes: number
  readonly processors: number
  /** From the start of the emulator to the end of everything. */
  readonly limitMs: number
  /** Each line of its console. */
  readonly onLine: (line: string) => void
}

export type MachineEnd = { readonly kind: 'off' } | { readonly kind: 'out-of-time' } | { readonly kind: 'broken'; readonly exitCode: number; readonly said: string }

/** File systems, then what a node's network is made of. A kernel that loads a module when it is asked for has no program here to do so. */
const MODULES = ['crc32c_generic', 'virtio_pci', '9pnet_virtio', '9p', 'overlay', 'veth', 'bridge', 'nf_tables', 'nft_chain_nat', 'nft_masq', 'nft_ct', 'nft_reject_inet', 'nft_fib_inet', 'nf_conntrack_netlink']

/** Boots it and waits for its end, which comes in any case. */
export async function runMachine(options: MachineOptions): Promise<MachineEnd> {
  const initramfs = join(options.folder, `initramfs.${process.pid}`)
  rmSync(options.out, { recursive: true, force: true })
  mkdirSync(options.out, { recursive: true })
  writeFileSync(initramfs, initramfsOf(options))
  try {
    return await emulate(options, initramfs)
  } finally {
    rmSync(initramfs, { force: true })
  }
}

/** What inside is bounded by less, so that a script that hangs is still told of. */
const MARGIN_MS = 30_000

function initramfsOf({ parts, root, script, limitMs }: MachineOptions): Uint8Array {
  const modules = modulesInOrder(parts.modules, MODULES)
  const init = initScript({ modules, root, script, limitSeconds: Math.max(1, Math.floor((limitMs - MARGIN_MS) / 1000)) })
  return cpioArchive([
    { kind: 'folder', path: 'bin' },
    { kind: 'folder', path: 'modules' },
    { kind: 'folder', path: 'dev' },
    { kind: 'device', path: 'dev/console', major: 5, minor: 1 },
    { kind: 'file', path: 'bin/busybox', bytes: readFileSync(parts.busybox), executable: true },
    { kind: 'file', path: 'init', bytes: Buffer.from(init), executable: true },
    ...modules.map(({ name, file }) => ({ kind: 'file', path: `modules/${name}.ko`, bytes: readFileSync(file) }) as const),
  ])
}

function emulate({ parts, out, memoryMegabytes, processors, limitMs, onLine }: MachineOptions, initramfs: string): Promise<MachineEnd> {
  const lend = (tag: string, path: string, more: string): readonly string[] => ['-fsdev', `local,id=${tag},path=${path},security_model=none${more}`, '-device', `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`]
  const words = [
    ['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio', '-nic', 'none'],
    ['-accel', 'tcg', '-cpu', 'max', '-m', String(memoryMegabytes), '-smp', String(processors)],
    ['-kernel', parts.kernel, '-initrd', initramfs, '-append', 'console=ttyS0 quiet panic=-1 rdinit=/init mitigations=off nmi_watchdog=0'],
    lend(HOST_TAG, '/', ',readonly=on,multidevs=remap'),
    lend(OUT_TAG, out, ''),
  ].flat()
  return new Promise((resolve) => {
    let said = ''
    let late = false
    // Whoever started this may be killed: the emulator ends with it.
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', parts.emulator, ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
    const limit = setTimeout(() => {
      late = true
      child.kill('SIGKILL')
    }, limitMs)
    createInterface({ input: child.stdout }).on('line', (line) => onLine(line.trimEnd()))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
    child.once('error', (error) => (said += error.message))
    child.once('close', (code) => {
      clearTimeout(limit)
      if (late) resolve({ kind: 'out-of-time' })
      else resolve(code === 0 ? { kind: 'off' } : { kind: 'broken', exitCode: code ?? -1, said: said.trim() })
    })
  })
}
