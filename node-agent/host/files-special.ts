import { open } from 'node:fs/promises'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { mustRun } from './exec.ts'
import { type Libc, loadLibc } from './libc.ts'

/** What files may be beside plain ones: device nodes, pipes, extended attributes; and a flush of their whole file system. */
export interface SpecialFiles {
  makeNode(path: string, node: NodeRequest): Promise<void>
  /** On the file itself, never on what a symlink points to. Answers false where the file system has no such attributes. */
  setAttribute(path: string, name: string, value: Uint8Array): Promise<boolean>
  /** Extended attributes of the file itself; none where the file system has no such thing. Throws Fault('unsupported') where this Node cannot ask. */
  attributes(path: string): Promise<ReadonlyMap<string, Uint8Array>>
  /** Everything written so far below the folder's file system is on disk when this resolves. */
  flush(folder: string): Promise<void>
}

export interface NodeRequest {
  readonly kind: 'char' | 'block' | 'pipe'
  readonly major: number
  readonly minor: number
  readonly mode: number
}

const FORMAT = { char: 0o020000, block: 0o060000, pipe: 0o010000 } as const
const LETTER = { char: 'c', block: 'b', pipe: 'p' } as const

/** @param libc for tests; by default the C library where Node can reach it, else `mknod`, `setfattr` and `sync`. */
export function systemSpecialFiles(libc: Libc | undefined = loadLibc()): SpecialFiles {
  return {
    async makeNode(path, { kind, major, minor, mode }) {
      if (libc) libc.mknod(path, FORMAT[kind] | mode, { major, minor })
      else await mustRun('mknod', ['-m', mode.toString(8), path, LETTER[kind], ...(kind === 'pipe' ? [] : [String(major), String(minor)])])
    },
    setAttribute: libc ? async (path, name, value) => callSetAttribute(libc, { path, name, value }) : programSetAttribute,
    async attributes(path) {
      if (!libc) throw new Fault('unsupported', 'extended attributes cannot be read on this host')
      try {
        return libc.attributes(path)
      } catch (error) {
        if (isFault(error, 'unsupported')) return new Map()
        throw error
      }
    },
    async flush(folder) {
      // By a program in any case: a flush may take seconds, and a call would hold the whole agent.
      const opened = await open(folder, 'r')
      await opened.close()
      await mustRun('sync', ['-f', folder])
    },
  }
}

function callSetAttribute(libc: Libc, { path, name, value }: { readonly path: string; readonly name: string; readonly value: Uint8Array }): boolean {
  try {
    libc.setxattr(path, name, value)
    return true
  } catch (error) {
    if (isFault(error, 'unsupported')) return false
    throw error
  }
}

async function programSetAttribute(path: string, name: string, value: Uint8Array): Promise<boolean> {
  await mustRun('setfattr', ['-h', '-n', name, '-v', `0x${Buffer.from(value).toString('hex')}`, path])
  return true
}
