/** Images of real software, each of two layers: a small Debian, which they share, and the program with its libraries. */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { arch } from 'node:process'
import { imageArchitecture } from '../../../node-agent/images/image-source.ts'
import { JAVA_PROGRAM, NODE_PROGRAM, POSTGRES_ENTRYPOINT } from './programs.ts'
import { unpackPackages } from './packages.ts'

const CACHE = join(import.meta.dirname, '../../../.gantry/software')
const CREATED = '2023-11-14T00:00:00Z'
/** What only the packages' own scripts would use, and what draws. */
const UNUSED = /^(perl.*|libperl.*|lib.*-perl|usrmerge|dpkg|tar|debconf|adduser|passwd|init-system-helpers|sysvinit-utils|lsb-base|sensible-utils|ucf|libgdbm.*|fonts-.*|fontconfig.*|libllvm.*|libz3-.*|locales|libc-l10n|util-linux.*|libcups.*|libavahi.*|libasound.*|libx11.*|libxcb.*|libharfbuzz.*|libglib.*|libgraphite.*|libfontconfig.*|libjpeg.*|libsqlite.*|python3.*)$/

interface Recipe {
  readonly packages: readonly string[]
  /** Files of its own. */
  readonly files?: Readonly<Record<string, string>>
  readonly links?: Readonly<Record<string, string>>
  readonly folders?: ReadonlyArray<readonly [path: string, uid: number]>
  readonly users?: readonly string[]
  readonly config: Readonly<Record<string, unknown>>
}

const DEBIAN_ARCHITECTURE = imageArchitecture(arch)

const BASE: Recipe = { packages: ['base-files', 'base-passwd', 'dash', 'coreutils', 'libc-bin', 'grep', 'sed'], config: {} }

const RECIPES = {
  nginx: {
    packages: ['nginx'],
    links: { '/var/log/nginx/access.log': '/dev/stdout', '/var/log/nginx/error.log': '/dev/stderr' },
    folders: [['/var/cache/nginx', 33]],
    config: { Cmd: ['nginx', '-g', 'daemon off;'], ExposedPorts: { '80/tcp': {} }, StopSignal: 'SIGQUIT' },
  },
  redis: { packages: ['redis-server'], users: ['redis:x:999:999::/data:/usr/sbin/nologin'], folders: [['/data', 999]], config: { Cmd: ['redis-server'], WorkingDir: '/data', Volumes: { '/data': {} } } },
  postgres: {
    packages: ['postgresql-15', 'tzdata'],
    users: ['postgres:x:999:999::/var/lib/postgresql:/bin/sh'],
    files: { '/usr/local/bin/docker-entrypoint.sh': POSTGRES_ENTRYPOINT },
    folders: [['/var/lib/postgresql/data', 999], ['/var/run/postgresql', 999]],
    config: { Entrypoint: ['docker-entrypoint.sh'], Cmd: ['postgres'], StopSignal: 'SIGINT', Env: ['PGDATA=/var/lib/postgresql/data'], Volumes: { '/var/lib/postgresql/data': {} } },
  },
  node: { packages: ['nodejs'], users: ['node:x:1000:1000::/app:/bin/sh'], files: { '/app/server.js': NODE_PROGRAM }, config: { User: '1000', WorkingDir: '/app', Cmd: ['node', 'server.js'] } },
  java: { packages: ['openjdk-17-jre-headless'], users: ['java:x:1000:1000::/app:/bin/sh'], files: { '/app/Main.java': JAVA_PROGRAM }, links: { '/usr/bin/java': `/usr/lib/jvm/java-17-openjdk-${DEBIAN_ARCHITECTURE}/bin/java` }, config: { User: 'java', WorkingDir: '/app', Entrypoint: ['java'], Cmd: ['Main.java'] } },
} satisfies Readonly<Record<string, Recipe>>

export type Software = keyof typeof RECIPES
export const imageOf = (software: Software): string => `docker.io/software/${software}:1`

const PATHS = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The archive of an image, made where it is not yet there. @throws NoPackages */
export function softwareArchive(software: Software): string {
  const recipe: Recipe = RECIPES[software]
  const archive = join(CACHE, `${software}-${keyOf(recipe)}.tar`)
  if (!existsSync(archive)) {
    const base = layerOf('base', BASE)
    writeArchive(archive, imageOf(software), recipe, [base, layerOf(software, recipe)])
    for (const file of readdirSync(CACHE)) if (new RegExp(`^(layer-)?${software}-`).test(file) && !file.includes(keyOf(recipe))) rmSync(join(CACHE, file))
  }
  return archive
}

const keyOf = (recipe: Recipe): string => createHash('sha256').update(JSON.stringify([BASE, recipe, UNUSED.source])).digest('hex').slice(0, 12)

/** The layer as a tar, kept by what it is made of. */
function layerOf(name: string, recipe: Recipe): string {
  const layer = join(CACHE, `layer-${name}-${keyOf(recipe)}.tar`)
  if (existsSync(layer)) return layer
  const root = join(CACHE, `root-${name}`)
  unpackPackages(root, join(CACHE, 'packages'), { packages: recipe.packages, without: UNUSED, beside: recipe === BASE ? [] : BASE.packages })
  finish(root, recipe)
  execFileSync('tar', ['--sort=name', '--numeric-owner', '-C', root, '-cf', `${layer}.draft`, '.'])
  renameSync(`${layer}.draft`, layer)
  rmSync(root, { recursive: true, force: true })
  return layer
}

/** What the packages' scripts would have done. */
function finish(root: string, { files = {}, links = {}, folders = [], users = [] }: Recipe): void {
  const base = join(root, 'usr/share/base-passwd')
  const isBase = existsSync(base)
  if (isBase) for (const name of ['passwd', 'group']) copyFileSync(join(base, `${name}.master`), join(root, `etc/${name}`))
  if (isBase && !existsSync(join(root, 'bin/sh'))) symlinkSync('dash', join(root, 'bin/sh'))
  if (users.length > 0) {
    const accounts = layerFile('etc/passwd')
    mkdirSync(join(root, 'etc'), { recursive: true })
    writeFileSync(join(root, 'etc/passwd'), `${accounts}${users.join('\n')}\n`)
    writeFileSync(join(root, 'etc/group'), `${layerFile('etc/group')}${users.map((user) => `${user.split(':')[0]}:x:${user.split(':')[3]}:`).join('\n')}\n`)
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
    chmodSync(join(root, path), path.endsWith('.sh') ? 0o755 : 0o644)
  }
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    rmSync(join(root, path), { force: true })
    symlinkSync(target, join(root, path))
  }
  for (const [path, uid] of folders) {
    mkdirSync(join(root, path), { recursive: true })
    execFileSync('chown', ['-R', `${uid}:${uid}`, join(root, path)])
  }
}

/** A file of the layer below. */
const layerFile = (path: string): string => execFileSync('tar', ['-xOf', layerOf('base', BASE), `./${path}`], { encoding: 'utf8' })

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')

function writeArchive(archive: string, tag: string, { config }: Recipe, layers: readonly string[]): void {
  const folder = `${archive}.folder`
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const digests = layers.map(sha256)
  for (const [at, layer] of layers.entries()) execFileSync('ln', [layer, join(folder, `${digests[at]}.tar`)])
  const env = [`PATH=${PATHS}`, ...((config['Env'] as readonly string[] | undefined) ?? [])]
  const document = JSON.stringify({ architecture: imageArchitecture(arch), os: 'linux', created: CREATED, config: { ...config, Env: env }, rootfs: { type: 'layers', diff_ids: digests.map((one) => `sha256:${one}`) } })
  writeFileSync(join(folder, 'config.json'), document)
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify([{ Config: 'config.json', RepoTags: [tag], Layers: digests.map((one) => `${one}.tar`) }]))
  execFileSync('tar', ['-C', folder, '-cf', `${archive}.draft`, 'manifest.json', 'config.json', ...digests.map((one) => `${one}.tar`)])
  renameSync(`${archive}.draft`, archive)
  rmSync(folder, { recursive: true, force: true })
}
