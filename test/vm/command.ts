/** How a machine is started, by what it is made of. PURE. */
import type { MachineParts } from './parts.ts'
import type { SecurityModule } from './security.ts'

export interface CommandOptions {
  readonly initramfs: string
  readonly out: string
  /** Of the machine alone, for what it keeps while it runs. */
  readonly memory: string
  readonly memoryMegabytes: number
  readonly processors: number
  /** At work in a kernel that has several; the kernel's own choice unless given. */
  readonly security?: SecurityModule | undefined
  /** On which of the host's a machine with one runs. */
  readonly processor: number
}

const HOST_TAG = 'host'
const OUT_TAG = 'out'

/** Words of `mount` for the host's files, and for the folder in which it is told what was found. */
export function mountsOf(parts: MachineParts, out: string): { readonly host: string; readonly out: string } {
  if (parts.kind === 'user-mode') return { host: '-t hostfs -o / none', out: `-t hostfs -o "${out}" none` }
  const over = (tag: string, more = ''): string => `-t 9p -o trans=virtio,version=9p2000.L,msize=512000${more} ${tag}`
  return { host: over(HOST_TAG, ',cache=loose'), out: over(OUT_TAG) }
}

export const commandOf = (parts: MachineParts, options: CommandOptions): readonly string[] => (parts.kind === 'user-mode' ? inUserMode(parts.program, options) : emulated(parts, options))

/** A kernel and its programs are processes that wait for one another at each call: on one processor the next goes on at once, on a busy host that is two to four times as fast. */
function inUserMode(program: string, { initramfs, memory, memoryMegabytes, processor }: CommandOptions): readonly string[] {
  return ['taskset', '--cpu-list', String(processor), program, `mem=${memoryMegabytes}M`, `initrd=${initramfs}`, `uml_dir=${memory}/`, 'umid=machine', 'rdinit=/init', 'con0=null,fd:1', 'con=null', 'quiet', 'panic=1']
}

function emulated({ emulator, kernel }: Extract<MachineParts, { kind: 'emulated' }>, { initramfs, out, memoryMegabytes, processors, security }: CommandOptions): readonly string[] {
  const lend = (tag: string, path: string, more: string): readonly string[] => ['-fsdev', `local,id=${tag},path=${path},security_model=none${more}`, '-device', `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`]
  return [
    [emulator, '-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio', '-nic', 'none'],
    ['-accel', 'tcg', '-cpu', 'max', '-m', String(memoryMegabytes), '-smp', String(processors)],
    ['-kernel', kernel, '-initrd', initramfs, '-append', `console=ttyS0 quiet panic=-1 rdinit=/init mitigations=off nmi_watchdog=0${security === undefined ? '' : ` security=${security}`}`],
    lend(HOST_TAG, '/', ',readonly=on,multidevs=remap'),
    lend(OUT_TAG, out, ''),
  ].flat()
}
