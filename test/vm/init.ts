/** What the machine's first process does: a small shell script, run by busybox. PURE. */
import type { KernelModule } from './modules.ts'

export interface InitOptions {
  readonly modules: readonly KernelModule[]
  /** Words of `mount` by which the host's files, and the folder for what is said, are had. */
  readonly mounts: { readonly host: string; readonly out: string }
  /** The working copy, by its path on the host, which is its path inside as well. */
  readonly root: string
  /** Shell lines, run there as root. */
  readonly script: string
  /** How long those may take. */
  readonly limitSeconds: number
}

/** Where a script leaves what the host shall read. */
export const OUT_FOLDER = '/run/gantry-vm-out'

/**
 * The host's files are below, read-only; what is written goes to memory and ends with the machine. Nothing of the host's `/proc`, `/sys`, `/dev`, `/run`
 * or Gantry's own folders is seen. Control groups are version 2 alone, with no supervisor of the machine that would own them.
 */
export function initScript({ modules, mounts, root, script, limitSeconds }: InitOptions): string {
  return file([
    'export PATH=/bin',
    '/bin/busybox --install -s /bin',
    FAIL,
    'mkdir -p /proc /sys /dev /host /memory /whole',
    'mount -t proc proc /proc && mount -t sysfs sys /sys && mount -t devtmpfs dev /dev',
    ...modules.map(({ name }) => `insmod /modules/${name}.ko || echo "machine: no module ${name}"`),
    `mount -r ${mounts.host} /host || fail "the files of the host cannot be mounted"`,
    'mount -t tmpfs -o size=80% memory /memory && mkdir /memory/upper /memory/work',
    'mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /whole || fail "no overlay"',
    'cd /whole',
    // What the host has there are mounts of its own, or its own business; here they are empty folders.
    'for one in run var/lib/gantry; do mkdir -p $one; mount -t tmpfs -o mode=755 tmpfs $one; done',
    `mkdir -p run/lock run/netns run/gantry-vm-tmp .${OUT_FOLDER} && chmod 1777 run/gantry-vm-tmp`,
    `mount ${mounts.out} .${OUT_FOLDER} || fail "no folder for what is said"`,
    hereDocument('run/gantry-vm-script', script),
    hereDocument('run/gantry-vm-second', secondStage(root, limitSeconds)),
    'mkdir run/gantry-vm && cp /bin/busybox run/gantry-vm/busybox',
    // Busybox starts itself by /proc: the host's own, which is below, would lead it to the emulator.
    'mount -t proc proc proc && mount -t sysfs sys sys && mount -o move /dev dev',
    'exec switch_root /whole /run/gantry-vm/busybox sh /run/gantry-vm-second',
  ])
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const FAIL = 'fail() { echo "machine: $1"; poweroff -f; sleep 100; }'

/** Within the root that programs will know, so that new mount namespaces begin there. */
const secondStage = (root: string, limitSeconds: number): string =>
  [
    'export PATH=/run/gantry-vm; /run/gantry-vm/busybox --install -s /run/gantry-vm',
    FAIL,
    'mkdir -p /dev/pts /dev/shm /dev/mqueue && mount -t devpts -o mode=600,ptmxmode=666 devpts /dev/pts && mount -t tmpfs shm /dev/shm && mount -t mqueue mqueue /dev/mqueue',
    'ln -sf /proc/self/fd /dev/fd && ln -sf pts/ptmx /dev/ptmx',
    'mount -t cgroup2 cgroup2 /sys/fs/cgroup || fail "no control groups of version 2"',
    // Where the kernel has them.
    'for one in "securityfs kernel/security" "selinuxfs fs/selinux"; do set -- $one; [ ! -d /sys/$2 ] || mount -t $1 $1 /sys/$2; done',
    'ip link set lo up; hostname gantry-vm; ulimit -n 65536; echo 1 > /proc/sys/net/ipv4/ip_forward',
    // Nothing it says is for a terminal: no colours, no bars.
    `env -i PATH=${PATH} HOME=/root TMPDIR=/run/gantry-vm-tmp TERM=dumb /bin/sh -c 'cd "${root}" && exec timeout -k 10 ${limitSeconds} sh -e /run/gantry-vm-script' 2>&1 | cat &`,
    // Who waits for all reaps all.
    'wait $!',
    'poweroff -f',
  ].join('\n')

const file = (lines: readonly string[]): string => `#!/bin/busybox sh\n${lines.join('\n')}\n`
const hereDocument = (path: string, text: string): string => `cat > ${path} <<'END_OF_FILE'\n${text}\nEND_OF_FILE`
