#!/usr/bin/env node
// What `npm start`, `npm stop`, `npm test` and the others begin with: looks whether this host can do it, installs what is missing, builds, and hands
// over to the pinned Node. Plain JavaScript, any Node from 18 on, no packages: nothing is installed yet when it runs. Safe to run twice.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')
const node = join(root, 'node_modules/node/bin/node')
const stamps = join(root, '.gantry')

/** Programs and the Debian packages that bring them. */
const PROGRAMS = { etcd: 'etcd-server', etcdctl: 'etcd-client', crun: 'crun', conmon: 'conmon', nft: 'nftables', ip: 'iproute2', busybox: 'busybox-static', runsv: 'runit', socat: 'socat', unshare: 'util-linux', nsenter: 'util-linux', setpriv: 'util-linux', tc: 'iproute2', mount: 'mount' }

/** What only tests need. */
const TEST_PROGRAMS = { strace: 'strace', 'docker-registry': 'docker-registry' }

function fail(sentence) {
  console.error(`gantry: ${sentence}`)
  process.exit(1)
}

function whyImpossible() {
  if (process.platform !== 'linux') return 'Gantry runs containers with Linux namespaces: run it on Linux (a virtual machine will do)'
  if (Number(process.versions.node.split('.')[0]) < 18) return `Node ${process.versions.node} is too old: install Node 18 or newer`
  if (!/\boverlay\b/.test(readFileSync('/proc/filesystems', 'utf8'))) return 'the kernel has no overlayfs: load it with "modprobe overlay"'
  for (const kind of ['net', 'mnt', 'pid', 'uts', 'ipc']) if (!existsSync(`/proc/self/ns/${kind}`)) return `the kernel has no ${kind} namespaces: a kernel built with CONFIG_NAMESPACES is needed`
  if (!existsSync('/sys/fs/cgroup')) return 'no cgroups are mounted at /sys/fs/cgroup: "mount -t cgroup2 none /sys/fs/cgroup" does it'
  return undefined
}

/** Namespaces, mounts and cgroups need root: asks sudo for it if need be. */
function asRoot() {
  if (process.getuid() === 0) return
  if (!onPath('sudo')) fail('namespaces, mounts and cgroups need root: run this as root, or install sudo')
  const again = spawnSync('sudo', ['--preserve-env=PATH,HOME,KUBECONFIG,CI', process.execPath, ...process.argv.slice(1)], { stdio: 'inherit', cwd: root })
  process.exit(again.status ?? 1)
}

const onPath = (program) => [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/bin', '/bin'].some((folder) => folder && existsSync(join(folder, program)))

/** The image is made of this one file, so it must need no library: Debian's `busybox` does, `busybox-static` does not. */
const isStatic = (file) => existsSync(file) && !readFileSync(file).subarray(0, 4096).includes('ld-linux')

const isMissing = (program) => !onPath(program) || (program === 'busybox' && !isStatic('/bin/busybox') && !isStatic('/usr/bin/busybox'))

function step(title, work) {
  const start = Date.now()
  process.stdout.write(`${title} … `)
  const done = work()
  console.log(`${done ?? 'done'} (${((Date.now() - start) / 1000).toFixed(1)} s)`)
}

function run(program, words, env = {}) {
  const result = spawnSync(program, words, { cwd: root, encoding: 'utf8', env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 })
  if (result.error) throw new Error(`${program}: ${result.error.message}`)
  if (result.status !== 0) throw new Error(`${program} ${words.join(' ')} failed:\n${result.stdout}${result.stderr}`)
  return result.stdout
}

function installPrograms(programs) {
  const packages = [...new Set(Object.entries(programs).filter(([program]) => isMissing(program)).map(([, name]) => name))]
  if (packages.length === 0) return
  if (!onPath('apt-get')) fail(`these programs are missing: ${Object.keys(programs).filter(isMissing).join(', ')}: install the packages that bring them with your package manager (on Debian they are ${packages.join(', ')})`)
  step(`installing ${packages.join(', ')}`, () => {
    const install = () => run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], { DEBIAN_FRONTEND: 'noninteractive' })
    try {
      install()
    } catch {
      run('apt-get', ['update'])
      install()
    }
    stopServices(packages)
  })
}

/** What Debian starts at installation where systemd runs; Gantry, and its tests, run their own. One that was there before is somebody's. */
const SERVICES = { 'etcd-server': 'etcd.service', 'docker-registry': 'docker-registry.service' }

function stopServices(packages) {
  if (!existsSync('/run/systemd/system')) return
  for (const name of packages) if (SERVICES[name]) spawnSync('systemctl', ['disable', '--now', SERVICES[name]], { stdio: 'ignore' })
}

function digestOf(files) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(file).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

/** Does the work unless it was done for exactly these files. */
function once(name, files, { title, work, made }) {
  const stamp = join(stamps, name)
  const digest = digestOf(files)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest && made.every((file) => existsSync(join(root, file)))) return
  step(title, work)
  mkdirSync(stamps, { recursive: true })
  writeFileSync(stamp, digest)
}

const SOURCES = ['shared', 'proto', 'control-plane', 'node-agent', 'cli', 'deploy']

function sources(folder) {
  return readdirSync(join(root, folder)).flatMap((name) => {
    const path = join(folder, name)
    if (name === 'gen' || name === 'node_modules') return []
    if (statSync(join(root, path)).isDirectory()) return sources(path)
    return /\.(ts|json|mjs)$/.test(name) && !name.endsWith('.test.ts') ? [path] : []
  })
}

/** Tests that miss them are skipped, and say so. */
function installTestPrograms() {
  if (!onPath('apt-get')) return
  try {
    installPrograms(TEST_PROGRAMS)
  } catch {
    console.log('not possible: tests that need it are skipped')
  }
}

function prepare({ forTests = false }) {
  installPrograms(PROGRAMS)
  if (forTests) installTestPrograms()
  once('npm', ['package-lock.json'], {
    title: 'installing npm packages',
    made: ['node_modules/.package-lock.json', 'node_modules/node/bin/node'],
    // Not `npm ci`: it wants every platform's packages to be available where this one's are.
    work: () => void run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error']),
  })
  const path = { PATH: `${dirname(node)}${delimiter}${join(root, 'node_modules/.bin')}${delimiter}${process.env.PATH}` }
  once('generated', ['proto/node/v1/session.proto', 'proto/node/v1/heartbeat.proto', 'buf.gen.yaml', 'shared/model/schemas/schemas.json', 'deploy/bootstrap/generate-api-types.ts', 'deploy/bootstrap/generate-descriptions.ts', 'package-lock.json'], {
    title: 'generating gRPC code, API types and their descriptions',
    made: ['proto/gen/node/v1/session.ts', 'proto/gen/node/v1/heartbeat.ts', 'shared/model/gen/api.ts', 'shared/model/gen/descriptions.json'],
    work() {
      run(join(root, 'node_modules/.bin/buf'), ['generate'], path)
      run(node, ['deploy/bootstrap/generate-api-types.ts'])
      run(node, ['deploy/bootstrap/generate-descriptions.ts'])
    },
  })
  once('built', [...SOURCES.flatMap(sources).sort((a, b) => (a < b ? -1 : 1)), 'package-lock.json'], {
    title: 'building',
    made: ['dist/gantry.mjs', 'dist/control-plane.mjs', 'dist/agent.mjs'],
    work: () => void run(node, ['deploy/bootstrap/build.ts']),
  })
}

/** The commands: what runs on the pinned Node once everything is in place. */
const COMMANDS = {
  start: { needsRoot: true, words: ['dist/gantry.mjs', 'lab', 'demo'] },
  stop: { needsRoot: true, words: ['dist/gantry.mjs', 'lab', 'down'] },
  test: { needsRoot: true, forTests: true, words: ['test/run.ts', 'all'] },
  'test-long': { needsRoot: true, forTests: true, words: ['test/run.ts', 'long'] },
  'test-ci': { needsRoot: true, forTests: true, words: ['test/run.ts', 'ci'] },
  // What the machine is made of it fetches itself.
  'test-vm': { needsRoot: true, words: ['test/vm/vm.ts'] },
  bench: { needsRoot: true, words: ['test/bench/bench.ts'] },
  sim: { needsRoot: false, words: ['test/sim/sim.ts'] },
  prepare: { needsRoot: true, words: undefined },
}

const [name = '', ...rest] = process.argv.slice(2)
const command = COMMANDS[name]
if (!command) fail(`usage: run.mjs ${Object.keys(COMMANDS).join('|')}`)
const reason = whyImpossible()
if (reason) fail(reason)
if (command.needsRoot) asRoot()
try {
  prepare(command)
} catch (error) {
  console.log('failed')
  fail(error.message)
}
if (!command.words) process.exit(0)
const result = spawnSync(node, ['--disable-warning=ExperimentalWarning', ...command.words, ...rest], { stdio: 'inherit', cwd: root })
process.exit(result.status ?? 1)
