/** `POST /gantry/v1/images/build`: a request and a context in, lines about what happens out. */
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { channel } from '../../shared/kit/channel.ts'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import { parseDockerfile } from '../../shared/model/dockerfile/parse.ts'
import { planBuild } from '../../shared/model/dockerfile/plan.ts'
import type { BuildLine, BuildRequest } from '../../shared/model/image-api.ts'
import { imageArchitecture } from '../images/image-source.ts'
import { Turns } from '../images/turns.ts'
import { unpackLayer } from '../images/unpack-layer.ts'
import { build, special } from './build.ts'
import type { BuildParts } from './workplace.ts'

/** A Dockerfile with secrets, and nothing else, comes before the context. */
const MAX_REQUEST_BYTES = 8 << 20
/** As many lines wait for a slow reader; of more, those that only tell how far a pull has come are left out. */
const MOST_WAITING = 1000

/** Of all builds of this agent. */
const locks = new Turns(1)

/** Lines of JSON ({@link BuildLine}). The build ends when nobody reads any more. */
export async function* buildLines(parts: BuildParts, { body, signal: gone }: { readonly body: AsyncIterable<Uint8Array>; readonly signal: AbortSignal | undefined }): AsyncGenerator<Uint8Array> {
  const ended = new AbortController()
  const signal = gone === undefined ? ended.signal : AbortSignal.any([gone, ended.signal])
  const lines = channel<BuildLine>()
  const tell = (line: BuildLine): void => void ((lines.size < MOST_WAITING || line.kind !== 'pull') && lines.push(line))
  const done = serve(parts, { body, signal, tell })
    .catch((error: unknown) => tell({ kind: 'failed', message: messageOf(error) }))
    .finally(() => lines.close())
  try {
    for await (const line of lines) yield Buffer.from(`${JSON.stringify(line)}\n`)
  } finally {
    ended.abort(new Fault('cancelled', 'nobody waits for the build any more'))
    await done
  }
}

interface Served {
  readonly body: AsyncIterable<Uint8Array>
  readonly signal: AbortSignal
  readonly tell: (line: BuildLine) => void
}

async function serve(parts: BuildParts, { body, signal, tell }: Served): Promise<void> {
  const { request, rest } = await readRequest(body)
  const parsed = parseDockerfile(request.dockerfile, request.name)
  if (parsed.kind === 'invalid') throw new Fault('invalid', parsed.problems.join('\n'))
  const plan = planBuild(parsed.file, { name: request.name, target: request.target, args: request.args, platform: { os: 'linux', architecture: imageArchitecture(process.arch) } })
  if (plan.kind === 'invalid') throw new Fault('invalid', plan.problems.join('\n'))
  await using store = await parts.images.build()
  const context = join(store.folder, 'context')
  await mkdir(context)
  await chmod(context, 0o755)
  await unpackLayer(rest, { target: context, parents: async () => [], special, isPlain: true })
  for (const message of [...parsed.file.warnings, ...plan.warnings, ...healthWarnings(request, parsed.file.stages)]) tell({ kind: 'warning', message })
  const image = await build({ parts, request, file: parsed.file, plan, store, context, locks, tell, signal })
  tell({ kind: 'done', id: image.id, names: image.tags, sizeBytes: image.sizeBytes })
}

const healthWarnings = ({ name }: BuildRequest, stages: ReadonlyArray<{ readonly instructions: ReadonlyArray<{ readonly kind: string; readonly line: number }> }>): readonly string[] =>
  stages.flatMap(({ instructions }) => instructions.filter(({ kind }) => kind === 'healthcheck').map(({ line }) => `${name}:${line}: HEALTHCHECK is kept in the image, and pods do not look at it: give them probes`))

/** The first line is the request, what follows it the context. */
async function readRequest(body: AsyncIterable<Uint8Array>): Promise<{ readonly request: BuildRequest; readonly rest: AsyncIterable<Buffer> }> {
  const chunks = body[Symbol.asyncIterator]()
  let head = Buffer.alloc(0)
  for (;;) {
    const end = head.indexOf(10)
    if (end >= 0) return { request: JSON.parse(head.toString('utf8', 0, end)) as BuildRequest, rest: after(head.subarray(end + 1), chunks) }
    if (head.length > MAX_REQUEST_BYTES) throw new Fault('invalid', 'the request of a build is far too long')
    const next = await chunks.next()
    if (next.done === true) throw new Fault('invalid', 'the request of a build was cut off')
    head = Buffer.concat([head, next.value])
  }
}

async function* after(start: Buffer, chunks: AsyncIterator<Uint8Array>): AsyncGenerator<Buffer> {
  if (start.length > 0) yield start
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield Buffer.from(next.value)
}
