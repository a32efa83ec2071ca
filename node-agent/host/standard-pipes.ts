import { closeSync, fchownSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { loadLibc, type Libc, type OpenPipe } from './libc.ts'
import { launch, type Launched } from './processes.ts'

/** Whose the pipes are, in ids of the node: nobody else but root can open them by name. */
export interface PipeOwner {
  readonly uid: number
  readonly gid: number
}

/**
 * Starts a program whose standard streams are pipes of the kernel, so that it and its children can open them by name (`/dev/stdout`, `/proc/self/fd/1`). What Node
 * calls a pipe is a pair of sockets, which nobody can open; those it gets where this Node cannot make pipes. Throws what `launch` throws, and Fault('exhausted')
 * where no file can be opened any more.
 */
export async function launchOnPipes(program: string, args: readonly string[], owner: PipeOwner): Promise<Launched> {
  const libc = loadLibc()
  if (libc === undefined) return launch(program, args, { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' })
  const [input, output, errors] = openPipes(libc, owner)
  const launching = launch(program, args, { stdin: input.readEnd, stdout: output.writeEnd, stderr: errors.writeEnd })
  // The program has its own by now, and held here as well they would never end.
  for (const fd of [input.readEnd, output.writeEnd, errors.writeEnd]) closeSync(fd)
  const stdin = new Socket({ fd: input.writeEnd, readable: false, writable: true })
  const [stdout, stderr] = [readerOf(output), readerOf(errors)]
  try {
    const launched = await launching
    void launched.exited.then(() => {
      stdin.destroy()
      for (const stream of [stdout, stderr]) if (isUnread(stream)) stream.resume()
    })
    return { ...launched, stdin, stdout, stderr }
  } catch (error) {
    for (const stream of [stdin, stdout, stderr]) stream.destroy()
    throw error
  }
}

const readerOf = ({ readEnd }: OpenPipe): Readable => new Socket({ fd: readEnd, readable: true, writable: false })

/** What nobody reads is read over once the program has ended, as Node does it: its file would stay open for ever. */
const isUnread = (stream: Readable): boolean => stream.listenerCount('readable') + stream.listenerCount('data') === 0

/** All three or none. */
function openPipes(libc: Libc, { uid, gid }: PipeOwner): readonly [OpenPipe, OpenPipe, OpenPipe] {
  const opened: OpenPipe[] = []
  const open = (): OpenPipe => {
    const pipe = libc.pipe()
    opened.push(pipe)
    fchownSync(pipe.readEnd, uid, gid)
    return pipe
  }
  try {
    return [open(), open(), open()]
  } catch (error) {
    for (const { readEnd, writeEnd } of opened) for (const fd of [readEnd, writeEnd]) closeSync(fd)
    throw error
  }
}
