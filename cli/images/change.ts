import type { ImageRemoved, ImagesPruned } from '../../shared/model/image-api.ts'
import type { Call } from '../program/command.ts'
import { Problem } from '../program/problem.ts'
import type { ImagePlace } from './place.ts'
import { imagePlaces } from './places.ts'
import { shortId, sizeText } from './text.ts'

const ref = (reference: string): ReadonlyArray<readonly [string, string]> => [['ref', reference]]
const on = ({ nodes, title }: ImagePlace): string => (nodes.length === 0 ? '' : ` on ${title}`)

const isMissing = (error: unknown): boolean => error instanceof Problem && error.message.startsWith('there is no image')

/** Does it wherever the image is. @throws Problem where no store has it */
async function whereItIs<T>(places: readonly ImagePlace[], act: (place: ImagePlace) => Promise<T>): Promise<void> {
  let missing: unknown
  let done = 0
  for (const place of places) {
    try {
      await act(place)
      done++
    } catch (error) {
      if (!isMissing(error)) throw error
      missing = error
    }
  }
  if (done === 0 && missing !== undefined) throw missing as Error
}

export async function tagImage(call: Call): Promise<void> {
  const [image, name, ...more] = call.args
  if (image === undefined || name === undefined || more.length > 0) throw new Problem('which image, and which name? For example: gantry image tag app:1.0 registry.example/app:1.0')
  await whereItIs(await imagePlaces(call), async (place) => {
    const tagged = await place.json<{ readonly name: string }>({ method: 'POST', path: '/tag', query: [...ref(image), ['name', name]] })
    call.terminal.out(`${image} tagged ${tagged.name}${on(place)}\n`)
  })
}

export async function removeImages(call: Call): Promise<void> {
  const { args, terminal } = call
  if (args.length === 0) throw new Problem('which image? "gantry image ls" lists them')
  const places = await imagePlaces(call)
  for (const reference of args) {
    await whereItIs(places, async (place) => {
      const { isUsed } = await place.json<ImageRemoved>({ method: 'DELETE', path: '', query: ref(reference) })
      terminal.out(`${reference} removed${on(place)}\n`)
      if (isUsed) terminal.err(`Containers run on ${reference}${on(place)}: what they stand on stays until they end.\n`)
    })
  }
}

export async function pruneImages(call: Call): Promise<void> {
  const { terminal, flags } = call
  let bytes = 0
  for (const place of await imagePlaces(call)) {
    const pruned = await place.json<ImagesPruned>({ method: 'POST', path: '/prune', query: [['all', String(flags.is('all'))]] })
    bytes += pruned.bytes
    for (const { id, tags } of pruned.images) terminal.out(`${tags.length === 0 ? shortId(id) : tags.join(', ')} removed${on(place)}\n`)
  }
  terminal.out(`${sizeText(bytes)} freed\n`)
}
