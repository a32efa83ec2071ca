import type * as nodeFfi from 'node:ffi'
import { getSystemErrorName } from 'node:util'
import { Fault } from '../../shared/kit/faults.ts'

type Ffi = typeof nodeFfi

/** What a program is started with. */
export interface SpawnRequest {
  /** A path. */
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd?: string | undefined
  /** Its file descriptors 0, 1, 2 …: each a descriptor of ours above all of these numbers, or nothing. */
  readonly streams: ReadonlyArray<number | 'nothing'>
}

export interface SpawnCalls {
  /** Answers the new process's number, once it is the program. Throws an Error with the `code` of the system's refusal, as Node's own `spawn` gives it. */
  spawn(request: SpawnRequest): number
  /** 128 + signal for one that was killed; undefined while it lives. Only for what {@link SpawnCalls.spawn} started, and until it has answered once. */
  ended(pid: number): number | undefined
}

const DEFINITIONS = {
  posix_spawn: { return: 'i32', arguments: ['buffer', 'string', 'buffer', 'buffer', 'buffer', 'buffer'] },
  posix_spawn_file_actions_init: { return: 'i32', arguments: ['buffer'] },
  posix_spawn_file_actions_destroy: { return: 'i32', arguments: ['buffer'] },
  posix_spawn_file_actions_adddup2: { return: 'i32', arguments: ['buffer', 'i32', 'i32'] },
  posix_spawn_file_actions_addopen: { return: 'i32', arguments: ['buffer', 'i32', 'string', 'i32', 'u32'] },
  posix_spawn_file_actions_addchdir_np: { return: 'i32', arguments: ['buffer', 'string'] },
  posix_spawnattr_init: { return: 'i32', arguments: ['buffer'] },
  posix_spawnattr_setflags: { return: 'i32', arguments: ['buffer', 'i16'] },
  posix_spawnattr_setsigdefault: { return: 'i32', arguments: ['buffer', 'buffer'] },
  posix_spawnattr_setsigmask: { return: 'i32', arguments: ['buffer', 'buffer'] },
  waitpid: { return: 'i32', arguments: ['i32', 'buffer', 'i32'] },
} as const

/** Beyond what the C libraries of Linux have as these structures (80, 336 and 128 bytes in glibc). */
const ACTIONS_BYTES = 256
const ATTRIBUTES_BYTES = 1024
const SIGNALS_BYTES = 128
/** POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK */
const SET_SIGNALS = 12
const O_RDWR = 2
const WNOHANG = 1

/**
 * Programs started without a copy of this process: the C library lends the child our memory until it is the program, where Node copies what describes all of it
 * (2 ms of a processor in an agent, and as much again for the pages that are written after it).
 */
export function openSpawnCalls(ffi: Ffi): SpawnCalls {
  const { functions: c } = openLibrary(ffi)
  const check = (errno: number, what: string): void => {
    if (errno !== 0) throw Object.assign(new Error(`${what} ${getSystemErrorName(-errno)}`), { code: getSystemErrorName(-errno) })
  }
  const attributes = new Uint8Array(ATTRIBUTES_BYTES)
  check(c.posix_spawnattr_init(attributes), 'posix_spawnattr_init')
  // Nothing is ignored and nothing held back, whatever this process does with its signals.
  check(c.posix_spawnattr_setsigdefault(attributes, new Uint8Array(SIGNALS_BYTES).fill(0xff)), 'posix_spawnattr_setsigdefault')
  check(c.posix_spawnattr_setsigmask(attributes, new Uint8Array(SIGNALS_BYTES)), 'posix_spawnattr_setsigmask')
  check(c.posix_spawnattr_setflags(attributes, SET_SIGNALS), 'posix_spawnattr_setflags')

  function fillActions(actions: Uint8Array, { streams, cwd }: SpawnRequest): void {
    streams.forEach((stream, fd) => {
      if (stream === 'nothing') check(c.posix_spawn_file_actions_addopen(actions, fd, '/dev/null', O_RDWR, 0), 'addopen')
      else check(c.posix_spawn_file_actions_adddup2(actions, stream, fd), 'adddup2')
    })
    if (cwd !== undefined) check(c.posix_spawn_file_actions_addchdir_np(actions, cwd), 'addchdir')
  }

  return {
    spawn(request) {
      const pid = new Int32Array(1)
      const actions = new Uint8Array(ACTIONS_BYTES)
      const args = wordList(ffi, [request.program, ...request.args])
      const env = wordList(ffi, Object.entries(request.env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`])))
      check(c.posix_spawn_file_actions_init(actions), 'posix_spawn_file_actions_init')
      try {
        fillActions(actions, request)
        check(c.posix_spawn(new Uint8Array(pid.buffer), request.program, actions, attributes, args.pointers, env.pointers), `spawn ${request.program}`)
      } finally {
        c.posix_spawn_file_actions_destroy(actions)
        // Read by the calls above through their addresses only.
        args.text.fill(0)
        env.text.fill(0)
      }
      return pid[0] ?? -1
    },
    ended(pid) {
      const status = new Int32Array(1)
      const answer = c.waitpid(pid, new Uint8Array(status.buffer), WNOHANG)
      if (answer === 0) return undefined
      // Somebody else has taken its end: nothing more is to be known.
      return answer === pid ? exitCodeOf(status[0] ?? 0) : 127
    },
  }
}

function openLibrary(ffi: Ffi) {
  try {
    return ffi.dlopen('libc.so.6', DEFINITIONS)
  } catch (cause) {
    throw new Fault('unsupported', 'the C library of this host cannot start programs for others', { cause })
  }
}

/** As wait(2) packs it. */
export const exitCodeOf = (status: number): number => ((status & 0x7f) === 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f))

interface WordList {
  /** `char *[]`, its last one nothing. */
  readonly pointers: Uint8Array
  /** Where they point: must be held as long as they are used. */
  readonly text: Buffer
}

function wordList(ffi: Ffi, words: readonly string[]): WordList {
  const parts = words.map((word) => Buffer.from(`${word}\0`))
  const text = Buffer.concat(parts)
  const pointers = new BigUint64Array(words.length + 1)
  let at = text.length === 0 ? 0n : ffi.getRawPointer(text)
  parts.forEach((part, index) => {
    pointers[index] = at
    at += BigInt(part.length)
  })
  return { pointers: new Uint8Array(pointers.buffer), text }
}
