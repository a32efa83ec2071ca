/**
 * The floor of starting pods: `floor-pods.ts [PODS] [PARALLEL] [CGROUP]` makes pods with the kernel's and the runtime's own means and nothing else, each an
 * overlay mount, a network namespace on a bridge, and a container under conmon, made and started by crun. Prints the milliseconds until all
 * ran, then those of each pod, and removes everything.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemMounts } from '../../node-agent/host/mounts.ts'
import { run } from './run.ts'

const mounts = systemMounts()
const bridge = 'gtfloor'

/** A root filesystem of one static program. */
function layer(folder: string): string {
  const root = join(folder, 'layer')
  mkdirSync(join(root, 'bin'), { recursive: true })
  for (const name of ['proc', 'dev', 'sys', 'etc', 'tmp']) mkdirSync(join(root, name))
  writeFileSync(join(root, 'bin/busybox'), readFileSync('/bin/busybox'), { mode: 0o755 })
  return root
}

const config = (name: string, rootfs: string): unknown => ({
  ociVersion: '1.0.2',
  process: { terminal: false, user: { uid: 0, gid: 0 }, args: ['/bin/busybox', 'sleep', '1000000'], env: ['PATH=/bin'], cwd: '/', noNewPrivileges: false },
  root: { path: rootfs, readonly: false },
  hostname: name,
  mounts: [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
    { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'] },
    { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'] },
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
  ],
  linux: {
    cgroupsPath: `/${cgroup}/${name}`,
    resources: { memory: {}, cpu: { shares: 2 } },
    namespaces: [{ type: 'pid' }, { type: 'ipc' }, { type: 'uts' }, { type: 'mount' }, { type: 'network', path: `/run/netns/${name}` }],
  },
})

async function mountRoot(folder: string, lower: string): Promise<string> {
  for (const name of ['upper', 'work', 'rootfs']) mkdirSync(join(folder, name), { recursive: true })
  const rootfs = join(folder, 'rootfs')
  await mounts.mount({ type: 'overlay', source: 'overlay', target: rootfs, data: `lowerdir=${lower},upperdir=${join(folder, 'upper')},workdir=${join(folder, 'work')}` })
  return rootfs
}

async function addNetwork(name: string, index: number): Promise<void> {
  const cable = `gtf${index}`
  await ipBatch([], [`netns add ${name}`, `link add ${cable} type veth peer name eth0 netns ${name}`, `link set ${cable} master ${bridge} up`])
  await ipBatch(['-netns', name], ['link set lo up', `addr add 10.99.${Math.floor(index / 200)}.${(index % 200) + 2}/16 dev eth0`, 'link set eth0 up', 'route add default via 10.99.255.1'])
}

function ipBatch(words: readonly string[], lines: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('ip', [...words, '-batch', '-'], { stdio: ['pipe', 'ignore', 'inherit'] })
    child.once('error', reject)
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`ip: exit ${code}`))))
    child.stdin?.end(lines.join('\n'))
  })
}

/** conmon answers on a pipe once the container is made, and lives on. */
function createContainer(folder: string, name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const words = ['--api-version', '1', '-c', name, '-u', name, '-n', name, '-r', crun, '-b', folder, '--runtime-arg', `--root=${join(work, 'crun')}`, '-p', join(folder, 'pidfile'), '-P', join(folder, 'conmon.pid'), '--exit-dir', join(work, 'exits'), '--full-attach', '--no-sync-log', '-l', `k8s-file:${join(folder, 'log')}`]
    const child = spawn('conmon', words, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'], env: { ...process.env, _OCI_SYNCPIPE: '3' } })
    child.once('error', reject)
    child.stdio[3]?.once('data', (bytes: Buffer) => (/"data":\s*[1-9]/.test(bytes.toString()) ? resolve() : reject(new Error(bytes.toString()))))
    child.stdio[3]?.once('end', () => reject(new Error('conmon ended without an answer')))
  })
}

async function makePod(index: number, lower: string): Promise<void> {
  const name = `gantry-floor-${index}`
  const folder = join(work, name)
  const [rootfs] = await Promise.all([mountRoot(folder, lower), addNetwork(name, index)])
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config(name, rootfs)))
  await createContainer(folder, name)
  await run(crun, ['--root', join(work, 'crun'), 'start', name])
}

async function removePod(index: number): Promise<void> {
  const name = `gantry-floor-${index}`
  const folder = join(work, name)
  await run(crun, ['--root', join(work, 'crun'), 'delete', '--force', name]).catch(() => {})
  await mounts.unmount(join(folder, 'rootfs'))
  spawnSync('ip', ['netns', 'del', name])
}

async function each(count: number, parallel: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: parallel }, worker))
}

const [pods = 60, parallel = 12] = process.argv.slice(2, 4).map(Number)
const cgroup = process.argv[4] ?? 'gantry-floor'
const work = mkdtempSync('/run/gantry-floor-')
const crun = spawnSync('sh', ['-c', 'command -v crun'], { encoding: 'utf8' }).stdout.trim()
mkdirSync(join(work, 'exits'))
spawnSync('ip', ['link', 'add', bridge, 'type', 'bridge'])
spawnSync('ip', ['link', 'set', bridge, 'up'])
try {
  const lower = layer(work)
  const startMs = performance.now()
  const times: number[] = []
  await each(pods, parallel, async (index) => {
    const beganMs = performance.now()
    await makePod(index, lower)
    times.push(performance.now() - beganMs)
  })
  process.stdout.write(`${[performance.now() - startMs, ...times].map((time) => time.toFixed(1)).join(' ')}\n`)
} finally {
  await each(pods, 4, removePod)
  spawnSync('ip', ['link', 'del', bridge])
  rmSync(work, { recursive: true, force: true })
  spawnSync('sh', ['-c', 'for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do find "$hierarchy/$0" -depth -type d -exec rmdir {} + 2>/dev/null; done', cgroup])
}
process.exit()
