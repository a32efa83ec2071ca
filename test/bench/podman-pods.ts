/**
 * `podman-pods.ts [PODS] [CGROUP]`, in a mount namespace of its own: containers of podman, one after another, each with a network of its own on podman's bridge.
 * Prints as `floor-pods.ts` does. All that podman keeps is below one folder, its bridge and its rules are in a network namespace; both are removed.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeBusyboxImages } from '../../deploy/images/make-busybox.ts'
import { run } from './run.ts'

const [pods = '30', cgroup = 'gantry-bench-podman'] = process.argv.slice(2)
const work = mkdtempSync('/run/gantry-podman-')
const netns = `gantry-podman-${process.pid}`
/** Few: raising them beyond those of this process is not everybody's right, and podman's own are high. */
const LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024']
/** Apart from the host's folders, which it would write its networks into. */
const HIDDEN = ['/var/lib/cni', '/run/containers', '/run/libpod', '/etc/cni', '/run/crun']

/** Of them, those that were not there. */
const made: string[] = []

const podman = (...words: readonly string[]): Promise<string> =>
  run('nsenter', [`--net=/run/netns/${netns}`, 'podman', '--root', join(work, 'root'), '--runroot', join(work, 'run'), '--tmpdir', join(work, 'tmp'), '--storage-driver', 'overlay', '--cgroup-manager', 'cgroupfs', '--events-backend', 'none', '--runtime', 'crun', ...words])

async function start(index: number): Promise<number> {
  const beganMs = performance.now()
  await podman('run', '--detach', '--pull', 'never', ...LIMITS, '--cgroup-parent', `/${cgroup}`, '--log-driver', 'k8s-file', '--name', `gantry-bench-${index}`, 'docker.io/library/busybox:1.35', 'sleep', '1000000')
  return performance.now() - beganMs
}

try {
  spawnSync('ip', ['netns', 'add', netns])
  spawnSync('ip', ['-n', netns, 'link', 'set', 'lo', 'up'])
  for (const folder of HIDDEN) {
    const first = mkdirSync(folder, { recursive: true })
    if (first !== undefined) made.push(first)
    await run('mount', ['-t', 'tmpfs', 'tmpfs', folder])
  }
  const [image = ''] = makeBusyboxImages(join(work, 'images'))
  await podman('load', '--input', image)
  await start(-1)
  const startMs = performance.now()
  const times: number[] = []
  for (let index = 0; index < Number(pods); index++) times.push(await start(index))
  process.stdout.write(`${[performance.now() - startMs, ...times].map((time) => time.toFixed(1)).join(' ')}\n`)
} finally {
  await podman('rm', '--force', '--all', '--time', '0').catch(() => {})
  spawnSync('umount', [join(work, 'root/overlay')])
  for (const folder of HIDDEN) spawnSync('umount', [folder])
  for (const folder of made) rmSync(folder, { recursive: true, force: true })
  spawnSync('ip', ['netns', 'del', netns])
  spawnSync('sh', ['-c', 'for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do find "$hierarchy/$0" -depth -type d -exec rmdir {} + 2>/dev/null; done', cgroup])
  rmSync(work, { recursive: true, force: true })
}
process.exit()
