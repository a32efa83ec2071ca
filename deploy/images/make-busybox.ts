import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv, arch, exit, stdout } from 'node:process'
import { digestOf, hexOf } from '../../node-agent/images/digest.ts'
import { imageArchitecture } from '../../node-agent/images/image-source.ts'
import { type TarInput, writeTar } from '../../node-agent/images/tar-writer.ts'

/**
 * Makes the images `docker.io/library/busybox:1.35` and `:1.36` without a network, from Debian's busybox-static:
 * a root folder with the program, its applets as links, and a few accounts. 1.36 has one file more, `/etc/version`.
 * The same program gives the same bytes, so the image ids are the same on every host of one Debian release.
 */
const USERS = [
  'root:x:0:0:root:/root:/bin/sh',
  'daemon:x:1:1:daemon:/usr/sbin:/bin/false',
  'bin:x:2:2:bin:/bin:/bin/false',
  'sys:x:3:3:sys:/dev:/bin/false',
  'sync:x:4:100:sync:/bin:/bin/sync',
  'mail:x:8:8:mail:/var/spool/mail:/bin/false',
  'www-data:x:33:33:www-data:/var/www:/bin/false',
  'operator:x:37:37:Operator:/var:/bin/false',
  'nobody:x:65534:65534:nobody:/home:/bin/false',
]
const GROUPS: ReadonlyArray<readonly [name: string, gid: number, members?: string]> = [
  ['root', 0],
  ['daemon', 1],
  ['bin', 2],
  ['sys', 3],
  ['adm', 4],
  ['tty', 5],
  ['disk', 6],
  ['lp', 7],
  ['mail', 8],
  ['kmem', 9],
  ['wheel', 10, 'root'],
  ['cdrom', 11],
  ['dialout', 18],
  ['floppy', 19],
  ['video', 28],
  ['audio', 29],
  ['tape', 32],
  ['www-data', 33],
  ['operator', 37],
  ['utmp', 43],
  ['plugdev', 46],
  ['staff', 50],
  ['lock', 54],
  ['netdev', 82],
  ['users', 100],
  ['nogroup', 65534],
]
const FOLDERS: ReadonlyArray<readonly [name: string, mode: number]> = [
  ['dev', 0o755],
  ['etc', 0o755],
  ['home', 0o755],
  ['root', 0o700],
  ['tmp', 0o1777],
  ['usr', 0o755],
  ['usr/bin', 0o755],
  ['usr/sbin', 0o755],
  ['var', 0o755],
  ['var/spool', 0o755],
  ['var/spool/mail', 0o755],
  ['var/www', 0o755],
]
const CREATED = '2023-11-14T00:00:00Z'
const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const lines = (list: readonly string[]): string => `${list.join('\n')}\n`

/** The files of the image. */
export function busyboxFiles(program: Uint8Array, applets: readonly string[]): readonly TarInput[] {
  return [
    { name: 'bin/', kind: 'folder', mode: 0o755 },
    { name: 'bin/busybox', mode: 0o755, content: program },
    ...applets.map((name): TarInput => ({ name: `bin/${name}`, kind: 'hardlink', mode: 0o755, link: 'bin/busybox' })),
    ...FOLDERS.map(([name, mode]): TarInput => ({ name: `${name}/`, kind: 'folder', mode })),
    { name: 'etc/passwd', content: lines(USERS) },
    { name: 'etc/group', content: lines(GROUPS.map(([name, gid, members = '']) => `${name}:x:${gid}:${members}`)) },
    { name: 'etc/shadow', mode: 0o640, content: lines(['root:*:10933:0:99999:7:::']) },
  ]
}

/** A docker-archive of one layer. */
export function dockerArchive(tag: string, files: readonly TarInput[]): Buffer {
  const layer = writeTar(files)
  const layerDigest = digestOf(layer)
  const config = JSON.stringify({
    architecture: imageArchitecture(arch),
    os: 'linux',
    created: CREATED,
    config: { Env: [PATH], Cmd: ['sh'] },
    rootfs: { type: 'layers', diff_ids: [layerDigest] },
    history: [{ created: CREATED, created_by: 'hand' }],
  })
  const configName = `${hexOf(digestOf(config))}.json`
  const layerName = `${hexOf(layerDigest)}/layer.tar`
  return writeTar([
    { name: configName, content: config },
    { name: layerName, content: layer },
    { name: 'manifest.json', content: JSON.stringify([{ Config: configName, RepoTags: [tag], Layers: [layerName] }]) },
  ])
}

/** Writes `busybox-1.35.tar` and `busybox-1.36.tar` and answers their paths. @param busybox a statically linked busybox. */
export function makeBusyboxImages(folder: string, busybox = '/bin/busybox'): readonly string[] {
  const applets = execFileSync(busybox, ['--list'], { encoding: 'utf8' }).split('\n')
  const names = [...new Set(applets.filter((name) => name !== '' && name !== 'busybox'))].sort()
  const files = busyboxFiles(readFileSync(busybox), names)
  mkdirSync(folder, { recursive: true })
  const contents = { '1.35': files, '1.36': [...files, { name: 'etc/version', content: lines(['1.36']) }] }
  return Object.entries(contents).map(([version, list]) => {
    const path = join(folder, `busybox-${version}.tar`)
    writeFileSync(path, dockerArchive(`docker.io/library/busybox:${version}`, list))
    return path
  })
}

if (import.meta.main) {
  const [folder, busybox] = argv.slice(2)
  if (folder === undefined) {
    stdout.write('usage: make-busybox.ts OUT-FOLDER [/bin/busybox]\n')
    exit(2)
  }
  for (const path of makeBusyboxImages(folder, busybox)) stdout.write(`${path}\n`)
}
