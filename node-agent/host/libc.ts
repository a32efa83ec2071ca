import type * as nodeFfi from 'node:ffi'
import { Fault } from '../../shared/kit/faults.ts'
import { faultOfErrno } from './errno.ts'
import { openSpawnCalls, type SpawnCalls } from './spawn-calls.ts'

/**
 * The few calls of the C library that Node does not offer, made in this thread without a process (`node:ffi`, experimental in Node 26).
 * Every call is synchronous and short. Where the door is missing (another Node, another C library) `loadLibc` answers undefined and each
 * user falls back to a program (`mount`, `ip`, `mknod`, …).
 *
 * A call that fails throws a Fault mapped from errno.
 */
export interface Libc {
  mount(options: { readonly source: string; readonly target: string; readonly type: string; readonly flags: number; readonly data: string }): void
  umount(target: string, flags: number): void
  /**
   * `source` becomes visible at `target` with other owners: as the user namespace open at `ownersFd` maps them. Throws Fault('unsupported') where the C library has
   * no such calls (glibc before 2.36), Fault('invalid') where the file system of `source` cannot be shown so.
   */
  bindMapped(options: { readonly source: string; readonly target: string; readonly ownersFd: number }): void
  /** Of the calling thread only. */
  unshare(flags: number): void
  /** Of the calling thread only. */
  setns(fd: number, type: number): void
  setxattr(path: string, name: string, value: Uint8Array): void
  /** Names of the extended attributes of the file itself, each with its value. */
  attributes(path: string): ReadonlyMap<string, Uint8Array>
  mknod(path: string, mode: number, device: { readonly major: number; readonly minor: number }): void
  /** Flushes the file system that holds the open file. */
  syncfs(fd: number): void
  socket(domain: number, type: number, protocol: number): number
  send(fd: number, bytes: Uint8Array): void
  /** Answers how many bytes were written into `into`. Never waits: throws Fault('unavailable') where nothing is there. */
  receive(fd: number, into: Uint8Array): number
  ioctl(fd: number, request: number, bytes: Uint8Array): void
  /** Closed in every program that is started, unless it is given to it. */
  pipe(): OpenPipe
  close(fd: number): void
  /** Throws Fault('unsupported') where the C library lacks them. */
  spawnCalls(): SpawnCalls
}

/** Two file descriptors: what is written at one end is read at the other. */
export interface OpenPipe {
  readonly readEnd: number
  readonly writeEnd: number
}

const DEFINITIONS = {
  mount: { return: 'i32', arguments: ['string', 'string', 'string', 'u64', 'string'] },
  umount2: { return: 'i32', arguments: ['string', 'i32'] },
  unshare: { return: 'i32', arguments: ['i32'] },
  setns: { return: 'i32', arguments: ['i32', 'i32'] },
  lsetxattr: { return: 'i32', arguments: ['string', 'string', 'buffer', 'u64', 'i32'] },
  llistxattr: { return: 'i64', arguments: ['string', 'buffer', 'u64'] },
  lgetxattr: { return: 'i64', arguments: ['string', 'string', 'buffer', 'u64'] },
  mknod: { return: 'i32', arguments: ['string', 'u32', 'u64'] },
  syncfs: { return: 'i32', arguments: ['i32'] },
  socket: { return: 'i32', arguments: ['i32', 'i32', 'i32'] },
  send: { return: 'i64', arguments: ['i32', 'buffer', 'u64', 'i32'] },
  recv: { return: 'i64', arguments: ['i32', 'buffer', 'u64', 'i32'] },
  ioctl: { return: 'i32', arguments: ['i32', 'u64', 'buffer'] },
  pipe2: { return: 'i32', arguments: ['buffer', 'i32'] },
  close: { return: 'i32', arguments: ['i32'] },
  __errno_location: { return: 'pointer', arguments: [] },
} as const

/** Newer than the rest, and seldom needed: looked up at the first use. */
const TREE_DEFINITIONS = {
  open_tree: { return: 'i32', arguments: ['i32', 'string', 'u32'] },
  mount_setattr: { return: 'i32', arguments: ['i32', 'string', 'u32', 'buffer', 'u64'] },
  move_mount: { return: 'i32', arguments: ['i32', 'string', 'i32', 'string', 'u32'] },
} as const
const AT_FDCWD = -100
const AT_EMPTY_PATH = 0x1000
/** OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC */
const CLONED_TREE = 0x8_0001
const MOVE_MOUNT_F_EMPTY_PATH = 4
const MOUNT_ATTR_IDMAP = 0x10_0000n

const MSG_DONTWAIT = 0x40
const O_CLOEXEC = 0x8_0000
/** XATTR_LIST_MAX and XATTR_SIZE_MAX of Linux. */
const MAX_ATTRIBUTE_BYTES = 65_536

type Ffi = typeof nodeFfi

let loaded: Libc | undefined
let tried = false

/** The library, or undefined where this Node cannot reach it. Loaded once. */
export function loadLibc(): Libc | undefined {
  if (tried) return loaded
  tried = true
  try {
    const ffi = quietly(() => process.getBuiltinModule('node:ffi') as Ffi | undefined)
    if (ffi !== undefined) loaded = wrap(ffi)
  } catch {
    // No such library or symbol: the callers' programs take over.
  }
  return loaded
}

/** The warning that ffi is experimental would be the first line of every log; this file is its only user and knows. */
function quietly<T>(work: () => T): T {
  const emit = process.emitWarning
  process.emitWarning = () => {}
  try {
    return work()
  } finally {
    process.emitWarning = emit
  }
}

function wrap(ffi: Ffi): Libc {
  const { functions: c } = ffi.dlopen('libc.so.6', DEFINITIONS)
  const errnoAt = c.__errno_location()
  const treeCalls = (): ReturnType<typeof openTreeCalls> => (trees ??= openTreeCalls(ffi))
  let trees: ReturnType<typeof openTreeCalls> | undefined
  const check = (result: number | bigint, what: () => string): number => {
    if (result >= 0) return Number(result)
    throw faultOfErrno(ffi.getInt32(c.__errno_location() || errnoAt), what())
  }
  return {
    mount: ({ source, target, type, flags, data }) => void check(c.mount(source, target, type, BigInt(flags), data), () => `mount ${type} ${source} on ${target}`),
    umount: (target, flags) => void check(c.umount2(target, flags), () => `unmount ${target}`),
    bindMapped({ source, target, ownersFd }) {
      const tree = treeCalls()
      const fd = check(tree.open_tree(AT_FDCWD, source, CLONED_TREE), () => `take the tree ${source}`)
      try {
        // struct mount_attr: attr_set, attr_clr, propagation, userns_fd
        const attributes = new Uint8Array(BigUint64Array.of(MOUNT_ATTR_IDMAP, 0n, 0n, BigInt(ownersFd)).buffer)
        check(tree.mount_setattr(fd, '', AT_EMPTY_PATH, attributes, BigInt(attributes.byteLength)), () => `show ${source} with other owners`)
        check(tree.move_mount(fd, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH), () => `mount ${source} on ${target}`)
      } finally {
        c.close(fd)
      }
    },
    unshare: (flags) => void check(c.unshare(flags), () => `unshare 0x${flags.toString(16)}`),
    setns: (fd, type) => void check(c.setns(fd, type), () => `setns 0x${type.toString(16)}`),
    setxattr: (path, name, value) => void check(c.lsetxattr(path, name, value, BigInt(value.byteLength), 0), () => `set attribute ${name} of ${path}`),
    attributes(path) {
      const buffer = new Uint8Array(MAX_ATTRIBUTE_BYTES)
      const size = check(c.llistxattr(path, buffer, BigInt(buffer.byteLength)), () => `list attributes of ${path}`)
      const names = Buffer.from(buffer.subarray(0, size)).toString('utf8').split('\0').filter((name) => name !== '')
      return new Map(names.map((name) => [name, buffer.slice(0, check(c.lgetxattr(path, name, buffer, BigInt(buffer.byteLength)), () => `read attribute ${name} of ${path}`))]))
    },
    mknod: (path, mode, device) => void check(c.mknod(path, mode, deviceNumber(device)), () => `make node ${path}`),
    syncfs: (fd) => void check(c.syncfs(fd), () => 'syncfs'),
    socket: (domain, type, protocol) => check(c.socket(domain, type, protocol), () => `socket of family ${domain}`),
    send: (fd, bytes) => void check(c.send(fd, bytes, BigInt(bytes.byteLength), 0), () => 'send'),
    receive: (fd, into) => check(c.recv(fd, into, BigInt(into.byteLength), MSG_DONTWAIT), () => 'receive'),
    ioctl: (fd, request, bytes) => void check(c.ioctl(fd, BigInt(request), bytes), () => `ioctl 0x${request.toString(16)}`),
    pipe() {
      const ends = new Int32Array(2)
      check(c.pipe2(new Uint8Array(ends.buffer), O_CLOEXEC), () => 'open a pipe')
      const [readEnd = -1, writeEnd = -1] = ends
      return { readEnd, writeEnd }
    },
    close: (fd) => void check(c.close(fd), () => 'close'),
    spawnCalls: () => openSpawnCalls(ffi),
  }
}

function openTreeCalls(ffi: Ffi) {
  try {
    return ffi.dlopen('libc.so.6', TREE_DEFINITIONS).functions
  } catch (cause) {
    throw new Fault('unsupported', 'the C library of this host cannot show files with other owners', { cause })
  }
}

/** How glibc's `makedev` packs a device. */
export function deviceNumber({ major, minor }: { readonly major: number; readonly minor: number }): bigint {
  const [high, low] = [BigInt(major), BigInt(minor)]
  return ((high & 0xfffff000n) << 32n) | ((high & 0xfffn) << 8n) | ((low & 0xffffff00n) << 12n) | (low & 0xffn)
}
