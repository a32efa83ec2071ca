import { createReadStream, existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, type Stats } from 'node:fs'
import { join } from 'node:path'
import { BLOCK, padding, paxHeader, type PaxEntry } from '../../../shared/kit/tar-pax-writer.ts'
import { type IgnoreRules, parseIgnore } from '../../../shared/model/dockerfile/ignore.ts'
import { Problem } from '../../program/problem.ts'
import type { Upload } from '../../wire/upload.ts'

/** A file of the context as it is sent: nobody's in particular, because COPY makes root its owner. */
interface Sent {
  readonly path: string
  readonly entry: PaxEntry
}

/** The ignore file that counts: the Dockerfile's own, or the folder's. */
export function ignoreRulesFor(folder: string, dockerfile: string | undefined): IgnoreRules {
  const places = [...(dockerfile === undefined ? [] : [`${dockerfile}.dockerignore`]), join(folder, '.containerignore'), join(folder, '.dockerignore')]
  const found = places.find((place) => existsSync(place))
  return parseIgnore(found === undefined ? '' : readFileSync(found, 'utf8'))
}

/** All of a folder that is not ignored, in order of names. Links are sent as links, whatever they lead to; sockets and devices stay. */
export function filesOf(folder: string, rules: IgnoreRules): readonly Sent[] {
  const sent: Sent[] = []
  const walk = (way: string, pending: readonly Sent[]): void => {
    let above = pending
    for (const name of readdirSync(join(folder, way)).sort()) {
      const inside = way === '' ? name : `${way}/${name}`
      const one = sentOf(join(folder, inside), inside)
      if (one === undefined) continue
      const isFolder = one.entry.kind === 'folder'
      if (rules.ignores(inside)) {
        // A folder that is ignored may hold what is not: then it comes with that.
        if (isFolder && rules.hasExceptions) walk(inside, [...above, one])
        continue
      }
      sent.push(...above, one)
      above = []
      if (isFolder) walk(inside, [])
    }
  }
  walk('', [])
  return unique(sent)
}

/** A folder that came with one of its files came for all of them. */
function unique(sent: readonly Sent[]): readonly Sent[] {
  const seen = new Set<string>()
  return sent.filter(({ path }) => !seen.has(path) && seen.add(path))
}

function sentOf(path: string, inside: string): Sent | undefined {
  const about = lstatSync(path)
  const kind = about.isDirectory() ? 'folder' : about.isFile() ? 'file' : about.isSymbolicLink() ? 'symlink' : undefined
  return kind === undefined ? undefined : { path, entry: { name: kind === 'folder' ? `${inside}/` : inside, kind, ...plain(about), sizeBytes: kind === 'file' ? about.size : 0, ...(kind === 'symlink' ? { link: readlinkSync(path) } : {}) } }
}

const plain = ({ mode, mtimeMs }: Stats): Pick<PaxEntry, 'mode' | 'uid' | 'gid' | 'modifiedSeconds'> => ({ mode: mode & 0o7777, uid: 0, gid: 0, modifiedSeconds: Math.floor(mtimeMs / 1000) })

/** What is sent: first the request, then the files as a tar. A file that changes meanwhile is cut or filled up to what it was. */
export function uploadOf(request: object, files: readonly Sent[], told: (doneBytes: number) => void = () => {}): Upload {
  const head = Buffer.from(`${JSON.stringify(request)}\n`)
  const sizeBytes = files.reduce((sum, { entry }) => sum + paxHeader(entry).length + entry.sizeBytes + padding(entry.sizeBytes), head.length + 2 * BLOCK)
  return {
    sizeBytes,
    async *chunks() {
      let done = 0
      for await (const chunk of partsOf(head, files)) {
        done += chunk.length
        told(done)
        yield chunk
      }
    },
  }
}

async function* partsOf(head: Buffer, files: readonly Sent[]): AsyncGenerator<Buffer> {
  yield head
  // Small files come together: a packet for each would cost more than they do.
  let waiting: Buffer[] = []
  let size = 0
  for (const { path, entry } of files) {
    waiting.push(paxHeader(entry))
    for await (const part of entry.kind === 'file' ? contentOf(path, entry.sizeBytes) : []) {
      waiting.push(part)
      size += part.length
      if (size < 1 << 17) continue
      yield Buffer.concat(waiting)
      waiting = []
      size = 0
    }
  }
  yield Buffer.concat([...waiting, Buffer.alloc(2 * BLOCK)])
}

async function* contentOf(path: string, sizeBytes: number): AsyncGenerator<Buffer> {
  let left = sizeBytes
  try {
    if (left > 0) {
      for await (const chunk of createReadStream(path, { end: left - 1, highWaterMark: 1 << 17 })) {
        left -= (chunk as Buffer).length
        yield chunk as Buffer
      }
    }
  } catch (error) {
    throw new Problem(`cannot read ${path} for the build: ${(error as Error).message}`, { cause: error })
  }
  for (; left > 0; left -= Math.min(left, 1 << 17)) yield Buffer.alloc(Math.min(left, 1 << 17))
  if (padding(sizeBytes) > 0) yield Buffer.alloc(padding(sizeBytes))
}
