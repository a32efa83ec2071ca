import { isFault } from '../../../shared/kit/faults.ts'
import type { BuildLine } from '../../../shared/model/image-api.ts'
import type { Call } from '../../program/command.ts'
import { Problem } from '../../program/problem.ts'
import type { Terminal } from '../../program/terminal.ts'
import type { Upload } from '../../wire/upload.ts'
import { createBar } from '../bar.ts'
import { linesOf } from '../lines.ts'
import { nodePlaces } from '../node-places.ts'
import type { ImagePlace } from '../place.ts'
import { shortId, sizeText } from '../text.ts'
import { filesOf, ignoreRulesFor, uploadOf } from './context.ts'
import { createProgress, type Progress, type ProgressKind } from './progress.ts'
import { readBuild } from './request.ts'

type Done = BuildLine & { readonly kind: 'done' }

export async function buildImage(call: Call): Promise<void> {
  const { flags, terminal } = call
  const isQuiet = flags.is('quiet')
  const kind = isQuiet ? 'quiet' : progressOf(flags.text('progress') ?? 'auto', terminal.columns !== undefined)
  const { folder, dockerfile, request } = await readBuild(call)
  const place = await buildPlace(call)
  const files = filesOf(folder, ignoreRulesFor(folder, dockerfile))
  using progress = createProgress(kind, terminal)
  const lines = await send(kind === 'tty' ? terminal : { ...terminal, columns: undefined }, place, (told) => uploadOf(request, files, told))
  const { id, names, sizeBytes } = await watched(lines, { progress, place })
  if (isQuiet) return terminal.out(`${id}\n`)
  terminal.out(`${names.length === 0 ? shortId(id) : names.join(', ')} built on ${place.title}: ${shortId(id)} (${sizeText(sizeBytes)})\n`)
}

/** Answers what the node says once it has the context. */
async function send(terminal: Terminal, place: ImagePlace, upload: (told?: (doneBytes: number) => void) => Upload): Promise<AsyncIterable<Uint8Array>> {
  using bar = createBar(terminal, `context to ${place.title}`, upload().sizeBytes)
  return await place.stream({ method: 'POST', path: '/build', upload: upload((done) => bar.at(done)) })
}

/** One store is enough: where several are, the image is brought to the others by a registry or by "gantry image export". */
async function buildPlace(call: Call): Promise<ImagePlace> {
  const named = call.flags.list('node').flatMap((names) => names.split(','))
  const [first] = await nodePlaces(call, named)
  if (first === undefined) throw new Problem('no node can build: none says anything of its images')
  return first
}

function progressOf(text: string, isScreen: boolean): ProgressKind {
  if (text === 'auto') return isScreen ? 'tty' : 'plain'
  if (text === 'tty' || text === 'plain' || text === 'quiet') return text
  throw new Problem(`--progress is auto, plain, tty or quiet, not ${JSON.stringify(text)}`)
}

async function watched(lines: AsyncIterable<Uint8Array>, { progress, place }: { readonly progress: Progress; readonly place: ImagePlace }): Promise<Done> {
  try {
    for await (const line of linesOf<BuildLine>(lines)) {
      if (line.kind === 'done') return line
      progress.tell(line)
      if (line.kind !== 'failed') continue
      const words = progress.lastWords
      progress[Symbol.dispose]()
      throw new Problem(`${words === '' ? '' : `the step said last:\n${words}\n`}${line.message}`)
    }
  } catch (error) {
    if (error instanceof Problem || isFault(error, 'cancelled')) throw error
    throw brokenOff(place, error)
  }
  throw brokenOff(place)
}

const brokenOff = ({ title }: ImagePlace, cause?: unknown): Problem =>
  new Problem(`the connection to ${title} broke off before the build was over: the steps that were done are kept there, and the next attempt goes on from them`, { cause })
