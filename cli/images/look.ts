import { systemClock } from '../../shared/kit/clock.ts'
import type { ImageHistory } from '../../shared/model/image-api.ts'
import type { ApiObject } from '../cluster/cluster.ts'
import { ageText } from '../print/age.ts'
import { columnsOf } from '../print/columns.ts'
import { printerFor } from '../print/objects.ts'
import type { Call } from '../program/command.ts'
import { Problem } from '../program/problem.ts'
import type { ImageCall, ImagePlace } from './place.ts'
import { imagePlaces } from './places.ts'
import { sizeText } from './text.ts'

/** The answer of the first store that has the image. */
async function fromAny<T>(places: readonly ImagePlace[], call: ImageCall): Promise<T> {
  let last: unknown
  for (const place of places) {
    try {
      return await place.json<T>(call)
    } catch (error) {
      last = error
    }
  }
  throw last
}

const LONGEST_COMMAND = 60

export async function showHistory(call: Call): Promise<void> {
  const { args, flags, terminal } = call
  const [image, ...more] = args
  if (image === undefined || more.length > 0) throw new Problem('which image? For example: gantry image history app:1.0')
  const history = await fromAny<ImageHistory>(await imagePlaces(call), { method: 'GET', path: '/history', query: [['ref', image]] })
  const output = flags.text('output') ?? ''
  const print = await printerFor(output)
  if (print) return terminal.out(await print(history as unknown as ApiObject))
  const isWhole = output === 'wide' || flags.is('no-trunc')
  const rows = history.steps.toReversed().map(({ created, createdBy, comment, sizeBytes }) => [ageText(created === '' ? undefined : created, systemClock.nowMs()), isWhole ? createdBy : shortened(createdBy), sizeText(sizeBytes), comment])
  if (rows.length === 0) return terminal.err(`${image} says nothing of how it was made\n`)
  terminal.out(columnsOf(['CREATED', 'CREATED BY', 'SIZE', 'COMMENT'], rows))
}

const shortened = (command: string): string => (command.length <= LONGEST_COMMAND ? command : `${command.slice(0, LONGEST_COMMAND - 1)}…`)

export async function inspectImages(call: Call): Promise<void> {
  const { args, flags, terminal } = call
  if (args.length === 0) throw new Problem('which image? "gantry image ls" lists them')
  const output = flags.text('output') ?? 'json'
  const print = await printerFor(output)
  if (!print) throw new Problem('an image is inspected as json, yaml, or with jsonpath=…')
  const places = await imagePlaces(call)
  for (const image of args) terminal.out(await print(await fromAny<ApiObject>(places, { method: 'GET', path: '/inspect', query: [['ref', image]] })))
}
