/** `cp`: files to and from containers, as tar over exec. Both sides need a `tar`. */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join, posix, resolve } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import type { Pod } from '../../shared/model/gen/api.ts'
import { runRemote } from '../exec/remote.ts'
import { checkContainer, defaultContainer } from '../logs/containers.ts'
import type { Call, Command } from '../program/command.ts'
import { text } from '../program/flags.ts'
import { Problem, usageProblem } from '../program/problem.ts'
import { parsePlace, type InPod } from './place.ts'

export const cp: Command = {
  name: 'cp',
  summary: 'Copy files and folders to and from containers',
  usage: 'SRC DEST',
  examples: '# A folder into a pod\ngantry cp site web-0:/www\n\n# A file out of a container of it\ngantry cp shop/web-0:/etc/hosts hosts -c httpd',
  flags: [text('container', 'The container; the first one unless given', { short: 'c' })],
  async run(call) {
    const [from = '', to = '', ...more] = call.args
    if (from === '' || to === '' || more.length > 0) throw usageProblem('source and destination are required', 'cp')
    const [source, destination] = [parsePlace(from), parsePlace(to)]
    if (source.kind === 'pod' && destination.kind === 'pod') throw new Problem('one of src or dest must be a local file specification')
    if (source.kind === 'local' && destination.kind === 'local') throw new Problem('one of src or dest must be a remote file specification: POD:PATH or NAMESPACE/POD:PATH')
    if (source.kind === 'pod' && destination.kind === 'local') await download(call, await containerAt(call, source), destination.path)
    if (source.kind === 'local' && destination.kind === 'pod') await upload(call, source.path, await containerAt(call, destination))
  },
}

interface Inside {
  readonly pod: Pod
  readonly container: string
  readonly path: string
}

async function containerAt(call: Call, { namespace, pod: name, path }: InPod): Promise<Inside> {
  const cluster = await call.cluster()
  const pod = await cluster.json<Pod>({ path: `/api/v1/namespaces/${encodeURIComponent(namespace ?? cluster.namespace)}/pods/${encodeURIComponent(name)}` })
  const { phase } = pod.status ?? {}
  if (phase === 'Succeeded' || phase === 'Failed') throw new Problem(`cannot exec into a container in a completed pod; current phase is ${phase}`)
  const named = call.flags.text('container')
  return { pod, container: named === undefined ? defaultContainer(pod, call.terminal.err) : checkContainer(pod, named), path }
}

const isFolder = (call: Call, { pod, container, path }: Inside): Promise<boolean> =>
  runRemote(call, { pod, container, command: ['test', '-d', path] }).then(
    () => true,
    (error: unknown) => {
      if (error instanceof Problem && error.bare) return false
      throw error
    },
  )

/** Into a folder that is there, or under the name that is given. */
async function upload(call: Call, source: string, into: Inside): Promise<void> {
  const stat = statSync(source, { throwIfNoEntry: false })
  if (!stat) throw new Problem(`${source} doesn't exist in local filesystem`)
  const target = (await isFolder(call, into)) ? posix.join(into.path, basename(resolve(source))) : into.path
  const name = posix.basename(target)
  const folder = mkdtempSync(join(tmpdir(), 'gantry-cp-'))
  try {
    // Packed through a link of the name that it will have there.
    symlinkSync(resolve(source), join(folder, name))
    const tar = await localTar(stat.isDirectory() ? ['cf', '-', '-C', folder, `${name}/.`] : ['chf', '-', '-C', folder, name])
    tar.input.end()
    const [said] = await Promise.all([runRemote(call, { ...into, command: ['tar', '-xmf', '-', '-C', posix.dirname(target)], input: tar.output }), tar.ended])
    call.terminal.err(said)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Unpacked beside its place and moved there when it is whole. */
async function download(call: Call, from: Inside, destination: string): Promise<void> {
  const wholeFolder = await isFolder(call, from)
  const base = posix.basename(from.path)
  const target = statSync(destination, { throwIfNoEntry: false })?.isDirectory() && !wholeFolder ? join(destination, base) : destination
  const parent = dirname(resolve(target))
  mkdirSync(parent, { recursive: true })
  const folder = mkdtempSync(join(parent, '.gantry-cp-'))
  try {
    const tar = await localTar(['xf', '-', '--no-same-owner', '-C', folder])
    const command = wholeFolder ? ['tar', 'cf', '-', '-C', from.path, '.'] : ['tar', 'cf', '-', '-C', posix.dirname(from.path), base]
    tar.output.resume()
    const said = await runRemote(call, { ...from, command, output: tar.input })
    await tar.ended
    call.terminal.err(said)
    if (!wholeFolder) return renameSync(join(folder, base), target)
    mkdirSync(target, { recursive: true })
    for (const entry of readdirSync(folder)) {
      rmSync(join(target, entry), { recursive: true, force: true })
      renameSync(join(folder, entry), join(target, entry))
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Tar {
  readonly input: Writable
  readonly output: Readable
  /** Rejects when it failed. */
  readonly ended: Promise<void>
}

async function localTar(words: readonly string[]): Promise<Tar> {
  const { startPiped } = await import('../../deploy/lab/lab.ts')
  const { input, output, ended } = startPiped('tar', words)
  const checked = ended.then(({ code, stderr }) => {
    if (code === 127) throw new Problem(`tar cannot be run: ${stderr}`)
    if (code !== 0) throw new Problem(`tar: ${stderr.trim()}`)
  })
  checked.catch(() => {})
  return { input, output, ended: checked }
}
