/** A virtual machine: no network, with the host's files, read-only, below its own. */
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { cpioArchive } from './cpio.ts'
import { commandOf, mountsOf } from './command.ts'
import { initScript } from './init.ts'
import { modulesInOrder } from './modules.ts'
import type { MachineParts } from './parts.ts'
import type { SecurityModule } from './security.ts'

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
  readonly security?: SecurityModule | undefined
  /** From its start to the end of everything. */
  readonly limitMs: number
  /** Each line of its console. */
  readonly onLine: (line: string) => void
}

export type MachineEnd = { readonly kind: 'off' } | { readonly kind: 'out-of-time' } | { readonly kind: 'broken'; readonly exitCode: number; readonly said: string }

/** File systems, then what a node's network is made of. A kernel that loads a module when it is asked for has no program here to do so. */
const MODULES = ['crc32c_generic', 'virtio_pci', '9pnet_virtio', '9p', 'ipv6', 'overlay', 'veth', 'bridge', 'nfnetlink', 'nf_conntrack', 'nf_nat', 'nf_tables', 'nft_nat', 'nft_chain_nat', 'nft_masq', 'nft_ct', 'nft_hash', 'nft_numgen']
/** After those they stand on, for modules that were made here do not say it. */
const REST = ['nf_reject_ipv4', 'nft_reject', 'nft_reject_ipv4', 'nft_reject_inet', 'nft_fib', 'nft_fib_ipv4', 'nft_fib_inet', 'nf_conntrack_netlink', 'sch_netem', 'sch_tbf']

/** Boots it and waits for its end, which comes in any case. */
export async function runMachine(options: MachineOptions): Promise<MachineEnd> {
  const initramfs = join(options.folder, `initramfs.${process.pid}`)
  rmSync(options.out, { recursive: true, force: true })
  mkdirSync(options.out, { recursive: true })
  writeFileSync(initramfs, initramfsOf(options))
  try {
    return await run(options, commandOf(options.parts, { ...options, initramfs, memory: memoryOf(options), processor: lastProcessor() }))
  } finally {
    rmSync(initramfs, { force: true })
  }
}

/** What inside is bounded by less, so that a script that hangs is still told of. */
const MARGIN_MS = 30_000

function initramfsOf({ parts, root, script, out, limitMs }: MachineOptions): Uint8Array {
  const modules = modulesInOrder(parts.modules, [...MODULES, ...REST])
  const init = initScript({ modules, mounts: mountsOf(parts, out), root, script, limitSeconds: Math.max(1, Math.floor((limitMs - MARGIN_MS) / 1000)) })
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

/** Of those that this process may use: `0-3,6`. */
const lastProcessor = (): number => Number(/^Cpus_allowed_list:.*?(\d+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? 0)

/** What each machine sees there is its own. */
const memoryOf = ({ folder }: MachineOptions): string => join(folder, 'memory')

function run(options: MachineOptions, words: readonly string[]): Promise<MachineEnd> {
  const { limitMs, onLine } = options
  const memory = memoryOf(options)
  mkdirSync(memory, { recursive: true })
  return new Promise((resolve) => {
    let said = ''
    let late = false
    const child = spawn('setpriv', [...ALONE, 'sh', '-c', WITH_MEMORY, memory, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: memory } })
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

/** Whoever started this may be killed: the machine ends with it, in all its processes. */
const ALONE = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc']
/** A kernel in user mode keeps the machine's memory in a file, and runs what is in it: not on a disk, and not where the host forbids that. */
const WITH_MEMORY = 'mount -t tmpfs -o size=90%,exec gantry-vm "$0" && exec "$@"'
