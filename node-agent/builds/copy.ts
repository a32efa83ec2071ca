import { createReadStream } from 'node:fs'
import { chmod, lstat, mkdir, open, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { BLOCK } from '../../shared/kit/tar-pax-writer.ts'
import { expandText, type ExpandOptions, type Variables } from '../../shared/model/dockerfile/expand.ts'
import { type IgnoreRules, ignoreRules } from '../../shared/model/dockerfile/ignore.ts'
import type { Copy } from '../../shared/model/dockerfile/instruction.ts'
import { isRemote, isUrl, unfetched } from '../../shared/model/dockerfile/parse-copy.ts'
import { removeTree } from '../host/files.ts'
import type { SpecialFiles } from '../host/files-special.ts'
import { decompressed } from '../images/decompress.ts'
import { digestOf } from '../images/digest.ts'
import { readHeader } from '../images/tar-header.ts'
import { unpackLayer } from '../images/unpack-layer.ts'
import { lookUpUser, parseGroup, parsePasswd } from '../images/users.ts'
import { readInside } from '../volumes/volumes.ts'
import { type Owner, TreeCopier } from './copy-tree.ts'
import type { Fetched } from './fetch.ts'
import type { CopyStep } from './keys.ts'
import { type Found, findSources, folderOf, type SourceRoot } from './sources.ts'
import { type ConfigFields, pathIn } from './state.ts'
import { treeDigest } from './tree-digest.ts'

/** A COPY or ADD with its variables replaced and its sources found. */
export interface CopyWork {
  readonly instruction: Copy
  readonly found: readonly Found[]
  readonly files: ReadonlyArray<{ readonly name: string; readonly content: string }>
  /** In the image, absolute. */
  readonly destination: string
  readonly isIntoFolder: boolean
  /** What `--exclude` names, its variables replaced. */
  readonly excluded: IgnoreRules
  readonly key: CopyStep
}

export interface CopyOptions {
  readonly expand: (word: string) => string
  readonly variables: Variables
  readonly expanding: ExpandOptions
  readonly config: ConfigFields
  readonly root: SourceRoot
  /** Fetches what an ADD names by its address. */
  readonly fetch: (url: string) => Promise<Fetched>
}

/** Looks at the sources, and changes nothing. Throws Fault('invalid' | 'not-found'). */
export async function lookAtCopy(instruction: Copy, { expand, variables, expanding, config, root, fetch }: CopyOptions): Promise<CopyWork> {
  const named: Found[] = []
  for (const source of instruction.sources.map(expand)) {
    if (instruction.kind !== 'add' || !isRemote(source)) named.push(...(await findSources(root, source)))
    else if (isUrl(source)) named.push(await fetched(source, fetch))
    else throw new Fault('invalid', unfetched(source))
  }
  if (instruction.checksum !== undefined && named[0]?.isFetched !== true) throw new Fault('invalid', 'checksum requires HTTP(S) sources: only what is fetched can be held against it')
  const files = instruction.files.map(({ name, content, expands }) => {
    const text = expands ? expandText(content, variables, expanding) : { kind: 'ok' as const, text: content }
    if (text.kind === 'invalid') throw new Fault('invalid', text.message)
    return { name, content: text.text }
  })
  const count = named.length + files.length
  if (count === 0) throw new Fault('invalid', `no source files were specified: nothing in ${root.title} is called ${instruction.sources.join(' ')}`)
  const given = expand(instruction.destination)
  const isIntoFolder = given === '.' || given === '..' || /\/\.{0,2}$/.test(given)
  if (count > 1 && !isIntoFolder) throw new Fault('invalid', `when using ${instruction.kind.toUpperCase()} with more than one source file, the destination must be a directory and end with a /: ${given}`)
  const nameless = named.find(({ name }) => name === '')
  if (nameless?.isFetched === true && isIntoFolder) throw new Fault('invalid', `cannot determine filename from source URL ${nameless.way}: say the file it is to become, not a folder`)
  const patterns = instruction.excluded.map(expand)
  const excluded = ignoreRules(patterns)
  // A folder that is a source itself is taken; what is in it is held against the patterns as it is copied.
  const found = named.filter(({ name, way, isFolder }) => isFolder || !(excluded.ignores(name) || excluded.ignores(way)))
  const contents: string[] = []
  for (const { path, name, way, isFetched } of found) contents.push(`${isFetched === true ? `fetched ${name}` : instruction.parents ? way : name} ${await treeDigest(path, { withOwners: instruction.from !== undefined, excluded })}`)
  for (const { name, content } of files) contents.push(`${name} ${digestOf(content)}`)
  const destination = pathIn(config, given)
  const key: CopyStep = { kind: instruction.kind, destination, owner: expand(instruction.owner ?? ''), mode: expand(instruction.mode ?? ''), options: [String(isIntoFolder), String(instruction.parents), String(instruction.unpack), ...(instruction.unpackFetched ? ['unpack fetched'] : []), String(instruction.from !== undefined), ...patterns], contents }
  return { instruction, found, files, destination, isIntoFolder, excluded, key }
}

async function fetched(url: string, fetch: CopyOptions['fetch']): Promise<Found> {
  const { path, name } = await fetch(url)
  return { path, name, way: url, isFolder: false, isFetched: true }
}

export interface CopyPlace {
  /** The image's files, to be changed. */
  readonly rootfs: string
  /** A private folder, deleted by the caller. */
  readonly folder: string
  readonly special: SpecialFiles
  readonly signal: AbortSignal
}

export async function doCopy({ instruction, found, files, destination, isIntoFolder, excluded, key }: CopyWork, { rootfs, folder, special, signal }: CopyPlace): Promise<void> {
  const owner = key.owner === '' ? (instruction.from === undefined ? { uid: 0, gid: 0 } : undefined) : await ownerOf(rootfs, key.owner, '--chown=')
  const copier = new TreeCopier(rootfs, { special, owner, mode: modeOf(key.mode), excluded, signal })
  if (isIntoFolder) await copier.folder(destination)
  const isFolder = isIntoFolder || (await copier.isFolder(destination))
  for (const one of found) {
    const isUnpacked = one.isFetched === true ? instruction.unpackFetched : instruction.unpack
    const unpacked = isUnpacked && !one.isFolder ? await unpackedAt(one.path, { folder, special }) : undefined
    if (unpacked !== undefined) {
      const plain = new TreeCopier(rootfs, { special, owner: key.owner === '' ? undefined : owner, mode: undefined, excluded: ignoreRules([]), signal })
      await plain.put(unpacked, destination)
      await removeTree(unpacked)
    } else if (instruction.parents && one.isFetched !== true) await copier.put(one.path, join(destination, one.isFolder ? one.way : join(folderOf(one), basename(one.way))))
    else await copier.put(one.path, one.isFolder || !isFolder ? destination : join(destination, one.name))
  }
  for (const [at, { name, content }] of files.entries()) {
    const made = join(folder, `heredoc-${at}`)
    await writeFile(made, content)
    await chmod(made, 0o644)
    await copier.put(made, isFolder ? join(destination, name) : destination)
  }
}

function modeOf(text: string): number | undefined {
  if (text === '') return undefined
  if (!/^[0-7]{1,5}$/.test(text)) throw new Fault('invalid', `invalid --chmod ${JSON.stringify(text)}: it is an octal number such as 0755`)
  return Number.parseInt(text, 8)
}

/** `/etc/passwd` and `/etc/group` of an image. */
const MOST_USERS_BYTES = 8 * 1024 * 1024

/** As the image's own files say; a number alone is the group's too. Throws Fault('invalid'), with what asked for it in front. */
export async function ownerOf(rootfs: string, text: string, asked: string): Promise<Owner> {
  const read = async (path: string): Promise<string> => (await readInside(rootfs, path, MOST_USERS_BYTES)) ?? ''
  const found = lookUpUser(/^\d+$/.test(text) ? `${text}:${text}` : text, parsePasswd(await read('/etc/passwd')), parseGroup(await read('/etc/group')))
  if (found.kind === 'unknown') throw new Fault('invalid', `${asked}${text}: ${found.message}`)
  return { uid: found.uid, gid: found.gid }
}

/** What an archive holds, in a folder of its own; undefined for a file that is none. */
async function unpackedAt(path: string, { folder, special }: { readonly folder: string; readonly special: SpecialFiles }): Promise<string | undefined> {
  if (!(await lstat(path)).isFile()) return undefined
  await refuseStrange(path)
  if (!(await isTar(path))) return undefined
  const target = join(folder, 'unpacked')
  await mkdir(target)
  await chmod(target, 0o755)
  await unpackLayer(decompressed(createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>), { target, parents: async () => [], special, isPlain: true })
  return target
}

const STRANGE: ReadonlyArray<readonly [name: string, magic: string]> = [
  ['xz', 'fd377a585a00'],
  ['bzip2', '425a68'],
]

/** Docker unpacks these too: better refused than silently copied as they are. */
async function refuseStrange(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    const { buffer } = await file.read(Buffer.alloc(6), 0, 6, 0)
    const name = STRANGE.find(([, magic]) => buffer.toString('hex').startsWith(magic))?.[0]
    if (name !== undefined) throw new Fault('unsupported', `ADD unpacks plain tars, gzip and zstd, and ${basename(path)} is compressed with ${name}: pack it anew, or COPY it and unpack it in a RUN step`)
  } finally {
    await file.close()
  }
}

/** Its first block is the header of an entry, or it has none at all. */
async function isTar(path: string): Promise<boolean> {
  try {
    let start = Buffer.alloc(0)
    for await (const chunk of decompressed(createReadStream(path) as AsyncIterable<Buffer>)) {
      start = Buffer.concat([start, chunk])
      if (start.length >= BLOCK) break
    }
    if (start.length < BLOCK) return false
    readHeader(start.subarray(0, BLOCK))
    return start.subarray(257, 262).toString('latin1') === 'ustar' || start.subarray(0, 100).some((byte) => byte !== 0)
  } catch (error) {
    if (isFault(error)) return false
    throw error
  }
}
