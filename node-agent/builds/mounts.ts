import { chmod, chown, mkdir } from 'node:fs/promises'
import { Fault } from '../../shared/kit/faults.ts'
import type { RawMount } from '../../shared/model/dockerfile/instruction.ts'
import { ignoreRules } from '../../shared/model/dockerfile/ignore.ts'
import { exists } from '../host/files.ts'
import type { VolumeMountSource } from '../runtime/oci-mounts.ts'
import { type SecretFile, secretFile } from './secrets.ts'
import { findSources, type SourceRoot } from './sources.ts'
import { pathIn, type ConfigFields } from './state.ts'
import { treeDigest } from './tree-digest.ts'
import type { TmpfsMount, Workplace } from './workplace.ts'

export interface MountDoor {
  readonly workplace: Workplace
  /** Of this build alone, in memory; it may not be there yet. Undefined: nowhere. */
  readonly secretsFolder: string | undefined
  /** By id, in base64. */
  readonly secrets: Readonly<Record<string, string>>
  /** Its folder, which stays until the build ends. */
  readonly cacheMount: (id: string) => Promise<string>
  /** The context, a stage or an image. */
  readonly rootOf: (from: string | undefined) => Promise<SourceRoot>
}

/** What `RUN --mount=…` asks for, ready to be mounted. */
export interface PreparedMounts {
  readonly volumes: readonly VolumeMountSource[]
  readonly tmpfs: readonly TmpfsMount[]
  /** Those among the volumes that are secrets: to be written before the step runs, and only if it does. */
  readonly secrets: readonly SecretFile[]
  /** Secrets that are wanted as variables. */
  readonly env: readonly string[]
  /** Ids of cache mounts that nobody else may use meanwhile. */
  readonly locks: readonly string[]
  /** Contents of what is mounted, for the step's key. */
  readonly digests: readonly string[]
}

const none: PreparedMounts = { volumes: [], tmpfs: [], secrets: [], env: [], locks: [], digests: [] }
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  bind: ['type', 'source', 'src', 'target', 'dst', 'destination', 'from', 'rw', 'readwrite', 'ro', 'readonly'],
  cache: ['type', 'id', 'target', 'dst', 'destination', 'sharing', 'mode', 'uid', 'gid', 'ro', 'readonly', 'rw', 'readwrite'],
  tmpfs: ['type', 'target', 'dst', 'destination', 'size'],
  secret: ['type', 'id', 'target', 'dst', 'destination', 'required', 'mode', 'uid', 'gid', 'env', 'source', 'src'],
}

/** @param mounts with their variables replaced. Throws Fault('invalid' | 'not-found') */
export async function prepareMounts(door: MountDoor, mounts: readonly RawMount[], config: ConfigFields): Promise<PreparedMounts> {
  let all = none
  for (const mount of mounts) {
    const one = { ...none, ...(await prepare(door, mount, config)) }
    all = { volumes: [...all.volumes, ...one.volumes], tmpfs: [...all.tmpfs, ...one.tmpfs], secrets: [...all.secrets, ...one.secrets], env: [...all.env, ...one.env], locks: [...all.locks, ...one.locks], digests: [...all.digests, ...one.digests] }
  }
  return all
}

async function prepare(door: MountDoor, mount: RawMount, config: ConfigFields): Promise<Partial<PreparedMounts>> {
  const type = mount['type'] ?? 'bind'
  const known = KNOWN[type]
  if (known === undefined) throw new Fault('invalid', type === 'ssh' ? '--mount=type=ssh is not supported: give the key as a secret (--secret id=key,src=FILE and --mount=type=secret,id=key)' : `unsupported mount type ${JSON.stringify(type)}: bind, cache, tmpfs or secret`)
  const strange = Object.keys(mount).find((key) => !known.includes(key))
  if (strange !== undefined) throw new Fault('invalid', `unexpected key ${JSON.stringify(strange)} for mount type ${JSON.stringify(type)}: there are ${known.filter((key) => key !== 'type').join(', ')}`)
  const given = mount['target'] ?? mount['dst'] ?? mount['destination']
  if (type === 'secret') return secret(door, mount, given)
  if (given === undefined) throw new Fault('invalid', `a mount of type ${type} needs a target`)
  const target = pathIn(config, given)
  if (target === '/') throw new Fault('invalid', 'invalid mount target "/"')
  if (type === 'tmpfs') return { tmpfs: [{ path: target, sizeBytes: bytesOf(mount['size']) }] }
  return type === 'cache' ? await cache(door, mount, target) : await bind(door, mount, target)
}

const isOn = (value: string | undefined): boolean => value !== undefined && value !== 'false' && value !== '0'
const octal = (text: string): number => {
  if (!/^[0-7]{1,5}$/.test(text)) throw new Fault('invalid', `invalid mode ${JSON.stringify(text)} of a mount: it is octal`)
  return Number.parseInt(text, 8)
}

async function bind(door: MountDoor, mount: RawMount, target: string): Promise<Partial<PreparedMounts>> {
  const root = await door.rootOf(mount['from'])
  const source = mount['source'] ?? mount['src'] ?? '/'
  const found = (await findSources(root, source.replace(/[*?[\\]/g, '\\$&')))[0]
  if (found === undefined) throw new Fault('not-found', `${source} is not in ${root.title}`)
  const digests = [await treeDigest(found.path, { withOwners: mount['from'] !== undefined, excluded: ignoreRules([]) })]
  const isWritable = isOn(mount['rw']) || isOn(mount['readwrite'])
  if (!isWritable) return { volumes: [{ mountPath: target, source: found.path, readOnly: 'yes' }], digests }
  if (!found.isFolder) throw new Fault('invalid', `the mount of ${source} cannot be written to: that is for folders`)
  // What is written is nobody's afterwards: a folder of changes above it.
  const { rootfs } = await door.workplace.writable([found.path])
  return { volumes: [{ mountPath: target, source: rootfs, readOnly: 'no' }], digests }
}

async function cache(door: MountDoor, mount: RawMount, target: string): Promise<Partial<PreparedMounts>> {
  const id = mount['id'] ?? target
  const sharing = mount['sharing'] ?? 'shared'
  if (!['shared', 'private', 'locked'].includes(sharing)) throw new Fault('invalid', `unsupported sharing value ${JSON.stringify(sharing)}: shared, private or locked`)
  const folder = await door.cacheMount(id)
  if (!(await exists(folder))) {
    await mkdir(folder, { recursive: true })
    await chmod(folder, octal(mount['mode'] ?? '0755'))
    await chown(folder, Number(mount['uid'] ?? 0), Number(mount['gid'] ?? 0))
  }
  return { volumes: [{ mountPath: target, source: folder, readOnly: isOn(mount['ro']) || isOn(mount['readonly']) ? 'yes' : 'no' }], locks: sharing === 'shared' ? [] : [id] }
}

function secret({ secretsFolder, secrets }: MountDoor, mount: RawMount, target: string | undefined): Partial<PreparedMounts> {
  const id = mount['id'] ?? mount['source'] ?? mount['src'] ?? target?.split('/').at(-1)
  if (id === undefined) throw new Fault('invalid', 'a mount of type secret needs an id')
  const content = Object.hasOwn(secrets, id) ? secrets[id] : undefined
  if (content === undefined) {
    if (isOn(mount['required'])) throw new Fault('not-found', `secret ${id}: not found: give it with --secret id=${id},src=FILE`)
    return {}
  }
  const bytes = Buffer.from(content, 'base64')
  const env = mount['env'] === undefined ? [] : [`${mount['env']}=${bytes.toString()}`]
  if (target === undefined && mount['env'] !== undefined) return { env }
  if (secretsFolder === undefined) throw new Fault('unsupported', 'this node has no folder in memory to keep a secret in: mount it as a variable (env=NAME)')
  const file = secretFile(secretsFolder, { id, bytes, mode: octal(mount['mode'] ?? '0400'), uid: Number(mount['uid'] ?? 0), gid: Number(mount['gid'] ?? 0) })
  return { secrets: [file], volumes: [{ mountPath: target === undefined ? `/run/secrets/${id}` : target.startsWith('/') ? target : `/run/secrets/${target}`, source: file.path, readOnly: 'yes' }], env }
}

function bytesOf(size: string | undefined): number | undefined {
  if (size === undefined) return undefined
  const [, amount, unit = ''] = /^(\d+)([kmg]?)b?$/i.exec(size) ?? []
  if (amount === undefined) throw new Fault('invalid', `invalid size ${JSON.stringify(size)} of a tmpfs: 64m, for example`)
  return Number(amount) * 1024 ** ['', 'k', 'm', 'g'].indexOf(unit.toLowerCase())
}
