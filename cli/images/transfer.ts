import type { TransferLine } from '../../shared/model/image-api.ts'
import type { Call } from '../program/command.ts'
import { Problem } from '../program/problem.ts'
import { createBar } from './bar.ts'
import { loginsFor } from './docker-config.ts'
import { linesOf } from './lines.ts'
import type { ImagePlace } from './place.ts'
import { firstPlace, imagePlaces } from './places.ts'
import { shortId, sizeText } from './text.ts'

export async function pullImages(call: Call): Promise<void> {
  if (call.args.length === 0) throw new Problem('which image? For example: gantry image pull nginx:1.27')
  const places = await imagePlaces(call)
  for (const image of call.args) {
    for (const place of places) {
      const { id } = await watched(call, place, { path: '/pull', image })
      call.terminal.out(`${image} pulled${place.nodes.length === 0 ? '' : ` on ${place.title}`} (${shortId(id)})\n`)
    }
  }
}

/** From one store: wherever the image is, it is the same. */
export async function pushImages(call: Call): Promise<void> {
  if (call.args.length === 0) throw new Problem('which image? For example: gantry image push registry.example/team/app:1.0')
  const place = await firstPlace(call)
  for (const image of call.args) {
    const { id } = await watched(call, place, { path: '/push', image })
    call.terminal.out(`${image} pushed: ${id}\n`)
  }
}

interface Transfer {
  readonly path: '/pull' | '/push'
  readonly image: string
}

type Done = TransferLine & { readonly kind: 'done' }

/** Shows how far it is, and answers its end. */
async function watched(call: Call, place: ImagePlace, { path, image }: Transfer): Promise<Done> {
  const { terminal } = call
  const layers = new Map<string, TransferLine & { readonly kind: 'layer' }>()
  const lines = await place.stream({ method: 'POST', path, query: [['ref', image]], body: await loginsFor(call, image) })
  let bar = createBar(terminal, image, 0)
  let total = 0
  try {
    for await (const line of linesOf<TransferLine>(lines)) {
      if (line.kind === 'done') return line
      if (line.kind === 'failed') throw new Problem(line.message)
      const before = layers.get(line.digest)
      layers.set(line.digest, line)
      if (terminal.columns === undefined) tell(call, line, before)
      const sum = (key: 'doneBytes' | 'totalBytes'): number => [...layers.values()].reduce((all, one) => all + one[key], 0)
      if (total !== sum('totalBytes')) bar = createBar(terminal, image, (total = sum('totalBytes')))
      bar.at(sum('doneBytes'))
    }
  } finally {
    bar[Symbol.dispose]()
  }
  throw new Problem(`the connection to ${place.title} broke off before it was known how the transfer of ${image} ended: "gantry image ls" shows what is there`)
}

/** A line for each layer that is over: what a log can bear. */
function tell({ terminal }: Call, { digest, state, totalBytes }: TransferLine & { readonly kind: 'layer' }, before: { readonly state: string } | undefined): void {
  if (state === before?.state || state === 'pulling' || state === 'pushing') return
  terminal.err(`${shortId(digest)} ${state} (${sizeText(totalBytes)})\n`)
}
