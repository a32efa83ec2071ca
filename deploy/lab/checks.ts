/** Says what is missing before anything has been changed, in one sentence with its mend. */
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Fault } from '../../shared/kit/faults.ts'

/** The programs a lab needs and the Debian packages that bring them. */
export const PROGRAMS: Readonly<Record<string, string>> = { etcd: 'etcd-server', crun: 'crun', conmon: 'conmon', nft: 'nftables', ip: 'iproute2', busybox: 'busybox-static', runsv: 'runit', socat: 'socat', unshare: 'util-linux', nsenter: 'util-linux', setpriv: 'util-linux' }

const SEARCHED = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin']

export const isInstalled = (program: string): boolean => SEARCHED.some((folder) => folder !== '' && existsSync(join(folder, program)))

/** Why no lab can run on this host; `undefined` if one can. */
export function whyNoLab(): string | undefined {
  if (process.platform !== 'linux') return 'a lab needs Linux namespaces: run it on Linux (a virtual machine will do)'
  if (process.getuid?.() !== 0) return 'a lab makes namespaces, mounts and cgroups, which only root may do: run it with sudo'
  const filesystems = readFileSync('/proc/filesystems', 'utf8')
  if (!/\boverlay\b/.test(filesystems)) return 'the kernel has no overlayfs: load it with "modprobe overlay"'
  for (const namespace of ['net', 'mnt', 'pid', 'uts', 'ipc']) if (!existsSync(`/proc/self/ns/${namespace}`)) return `the kernel has no ${namespace} namespaces: a kernel built with CONFIG_NAMESPACES is needed`
  if (!existsSync('/sys/fs/cgroup')) return 'no cgroups are mounted at /sys/fs/cgroup: mount them ("mount -t cgroup2 none /sys/fs/cgroup")'
  const missing = Object.keys(PROGRAMS).filter((program) => !isInstalled(program))
  if (missing.length > 0) return `missing programs: ${missing.join(', ')}: install them with "apt-get install ${[...new Set(missing.map((program) => PROGRAMS[program]))].join(' ')}"`
  return undefined
}

export function assertLabPossible(): void {
  const reason = whyNoLab()
  if (reason !== undefined) throw new Fault('unsupported', reason)
}
