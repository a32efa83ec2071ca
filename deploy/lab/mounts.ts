/** Mount namespaces of machines, pinned so that they outlive their processes. */
import { spawn } from 'node:child_process'
import { Fault } from '../../shared/kit/faults.ts'
import { mustChange } from './changes.ts'

/**
 * The runtime refuses a hybrid cgroup host, so the machine does not see the unified hierarchy there. What is mounted later inside is seen by the machine's
 * containers that ask for it (`mountPropagation`), as on a host that systemd runs; not by the host.
 */
const INSIDE = 'mount --make-rprivate /; if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi; mount --make-rshared /'

interface Held extends Disposable {
  /** Of a process in it. */
  readonly pid: number
}

/** A namespace that is whole. Its process reads what nobody writes: it ends when it is let go, or with this command. (`unshare` can pin by itself, before the inside is made; killed there, it leaves a process that waits for ever.) */
function holdNamespace(): Promise<Held> {
  return new Promise((resolve, reject) => {
    const child = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-ec', `${INSIDE}; echo made; read _ || exit 0`], { stdio: 'pipe' })
    let stderr = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.stdin.on('error', () => {})
    child.once('error', (cause) => reject(new Fault('unsupported', 'cannot run unshare: is it installed?', { cause })))
    child.stdout.once('data', () => resolve({ pid: child.pid ?? 0, [Symbol.dispose]: () => child.stdin.end() }))
    child.once('close', () => reject(new Fault('internal', `a mount namespace cannot be made: ${stderr.trim()}`)))
  })
}

/** What is pinned is whole. The file must be there. */
export async function pinNamespace(file: string): Promise<void> {
  using held = await holdNamespace()
  await mustChange('mount', ['--bind', `/proc/${held.pid}/ns/mnt`, file])
}
