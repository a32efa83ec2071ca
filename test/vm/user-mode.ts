/** Debian's kernel in user mode. It lacks the tables of IPv4 by which Gantry's services are reached: those modules are made from the sources it was made of. */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { install, mustRun, NoMachine, unpack } from './apt.ts'
import { autoconfOf, makeConfOf, settingsOf, type Settings } from './kernel-config.ts'

export interface UserModeKernel {
  readonly program: string
  readonly modules: string
}

const PACKAGE = 'user-mode-linux'
/** What a node needs of `nf_tables`, by the folders of the kernel's sources whose modules bring it. */
const WANTED: Settings = { NF_TABLES_IPV4: 'y', NFT_NAT: 'm', NFT_FIB: 'm', NFT_FIB_IPV4: 'm', NFT_REJECT_IPV4: 'm' }
const MADE = { 'net/netfilter': ['nf_tables', 'nft_nat', 'nft_chain_nat', 'nft_fib'], 'net/ipv4/netfilter': ['nft_reject_ipv4', 'nft_fib_ipv4'] }
const TOOLS = { gcc: 'gcc', make: 'make', bc: 'bc', xz: 'xz-utils', ld: 'binutils' }
const MAKE_LIMIT_MS = 1_800_000

/** Fetched and completed the first time (a few minutes), found afterwards. @throws NoMachine */
export function userModeKernel(folder: string): UserModeKernel {
  const complete = join(folder, 'complete')
  if (!existsSync(complete)) {
    const fields = unpack(PACKAGE, folder)
    const config = settingsOf(gunzipSync(readFileSync(join(folder, 'usr/share/doc', PACKAGE, 'config.gz'))).toString())
    if (Object.entries(WANTED).some(([name, value]) => config[name] !== value)) makeModules(folder, sourceOf(fields), { ...config, ...WANTED })
    writeFileSync(complete, '')
  }
  const versions = join(folder, 'usr/lib/uml/modules')
  const version = readdirSync(versions)[0]
  if (version === undefined) throw new NoMachine(`there is no kernel in the package ${PACKAGE}`)
  return { program: join(folder, 'usr/bin/linux.uml'), modules: join(versions, version) }
}

/** `linux-source-6.1=6.1.176-1`, from what the package says it was built of. */
function sourceOf(fields: string): string {
  const version = /^Built-Using:.*\blinux \(= ([^)]+)\)/m.exec(fields)?.[1]
  const series = /^\d+\.\d+/.exec(version ?? '')?.[0]
  if (version === undefined || series === undefined) throw new NoMachine(`the package ${PACKAGE} does not say what it was built of`)
  return `linux-source-${series}=${version}`
}

/** Without the kernel's own configurator, which needs more tools: it would only write these files. */
function makeModules(folder: string, source: string, config: Settings): void {
  install(TOOLS)
  const work = join(folder, 'source')
  const tree = join(work, 'tree')
  unpack(source, work)
  mkdirSync(tree)
  const archive = readdirSync(join(work, 'usr/src')).find((name) => name.endsWith('.tar.xz')) ?? ''
  console.log('making kernel modules …')
  mustRun('tar', ['-x', '--strip-components=1', '--exclude=linux-*/drivers/*', '--exclude=linux-*/Documentation', '--exclude=linux-*/tools/testing', '--exclude=linux-*/sound', '-f', join(work, 'usr/src', archive)], { cwd: tree, limitMs: MAKE_LIMIT_MS })
  for (const name of ['include/config', 'include/generated']) mkdirSync(join(tree, name), { recursive: true })
  writeFileSync(join(tree, '.config'), makeConfOf(config))
  writeFileSync(join(tree, 'include/config/auto.conf'), makeConfOf(config))
  writeFileSync(join(tree, 'include/generated/autoconf.h'), autoconfOf(config))
  for (const name of ['include/config/auto.conf.cmd', 'include/generated/rustc_cfg']) writeFileSync(join(tree, name), '')
  const make = (...words: readonly string[]): string => mustRun('make', ['-j2', 'ARCH=um', 'LOCALVERSION=', 'KBUILD_MODPOST_WARN=1', ...words], { cwd: tree, limitMs: MAKE_LIMIT_MS })
  make('modules_prepare')
  const versions = join(folder, 'usr/lib/uml/modules')
  for (const [part, names] of Object.entries(MADE)) {
    const files = names.map((name) => `${name}.ko`)
    make(`M=${part}`, ...files)
    for (const file of files) copyFileSync(join(tree, part, file), join(versions, readdirSync(versions)[0] ?? '', 'kernel', part, basename(file)))
  }
  rmSync(work, { recursive: true, force: true })
}
